import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Server } from '#sdk/rpc/serve.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { socketName } from '#sdk/workspace/socket-address.ts'
import type { Door } from './identity.ts'
import type { Kept, WorkspaceRow } from './journal.ts'

/** Serves one workspace's socket until disposed. The door says who owns it by the time of each call. */
export type ServeWorkspace = (door: Door, address: Address) => Promise<Server>

/** What workspaces depend on. */
export interface WorkspacesOptions {
  /** Absolute directory that the workspaces lie in. */
  readonly baseDir: string
  readonly journal: Kept<WorkspaceRow>
  readonly serve: ServeWorkspace
  readonly log: Log
}

/** A directory with a socket in it that the containers of one pod get, and its listener. */
class Workspace implements Door, AsyncDisposable {
  readonly workspace: string
  owner: string | undefined
  readonly ready: Promise<Server>

  constructor(id: string, owner: string | undefined, serving: (door: Door) => Promise<Server>) {
    this.workspace = id
    this.owner = owner
    this.ready = serving(this)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = await this.ready.catch(() => undefined)
    await server?.[Symbol.asyncDispose]()
  }
}

/** The workspaces of this node. */
export class Workspaces implements AsyncDisposable {
  readonly #options: WorkspacesOptions
  readonly #open = new Map<string, Workspace>()

  constructor(options: WorkspacesOptions) {
    this.#options = options
  }

  /**
   * Opens those that the journal has, and removes those whose pod is unknown: nobody will ask for their end. What a pod that
   * runs as root has put in place of its socket keeps that pod from being served, and nobody else.
   */
  async restore(isPod: (uid: string) => boolean): Promise<void> {
    const { journal, log } = this.#options
    await Promise.all(
      journal.all().map(async ({ id, owner }) => {
        if (owner !== '' && !isPod(owner)) return this.#forget(id)
        try {
          await this.open(id, owner)
        } catch (thrown) {
          const { code, message } = NsmError.from(thrown)
          log.error({ workspace: id, code }, `workspace ${id} is not served: ${message}`)
        }
      }),
    )
  }

  /**
   * Opens a workspace, or returns when it is open. `owner` is the uid of its pod, empty when the runner does not know
   * it. Fails with BAD_INPUT for an id that cannot be a directory's name, ALREADY_EXISTS when another pod has it.
   */
  async open(id: string, owner: string): Promise<void> {
    const known = this.#open.get(checkedId(id))
    if (known !== undefined) {
      if (owner !== '') this.claim(known, owner)
      await known.ready
      if (existsSync(join(this.#directory(id), socketName.server))) return
      // Somebody has removed the directory, and the runtime made it anew for a container that started again.
      if (this.#open.get(id) === known) {
        this.#open.delete(id)
        await known[Symbol.asyncDispose]()
      }
      return await this.open(id, known.owner ?? '')
    }
    const workspace = new Workspace(id, owner === '' ? undefined : owner, door => this.#start(door))
    this.#open.set(id, workspace)
    try {
      await workspace.ready
    } catch (cause) {
      this.#open.delete(id)
      throw cause
    }
  }

  /** Binds a workspace to the pod that uses it. ALREADY_EXISTS when it belongs to another. */
  claim(door: Door, owner: string): void {
    const workspace = this.#open.get(door.workspace)
    if (workspace === undefined || workspace.owner === owner) return
    if (workspace.owner !== undefined)
      throw new NsmError(
        'ALREADY_EXISTS',
        `opening workspace ${door.workspace}: another pod has it; free it first`,
      )
    this.#options.journal.put({ id: door.workspace, owner })
    workspace.owner = owner
  }

  /** Closes a workspace and removes its directory, also when it could not be opened; one that is unknown is no error. */
  async close(id: string): Promise<void> {
    const workspace = this.#open.get(checkedId(id))
    this.#open.delete(id)
    await workspace?.[Symbol.asyncDispose]()
    if (workspace !== undefined || this.#options.journal.all().some(row => row.id === id)) this.#forget(id)
  }

  /** Closes those that belong to what is no pod any more; those that nobody has used stay. */
  async closeUnless(isPod: (uid: string) => boolean): Promise<void> {
    const stale = this.#options.journal.all().filter(({ owner }) => owner !== '' && !isPod(owner))
    await Promise.all(stale.map(({ id }) => this.close(id)))
  }

  ids(): readonly string[] {
    return [...this.#open.keys()]
  }

  /** The uid of the pod that has a workspace; undefined when none is known, or when there is no such workspace. */
  ownerOf(id: string): string | undefined {
    return this.#open.get(id)?.owner
  }

  /** The workspaces that a pod has, open or not. */
  ofPod(uid: string): readonly string[] {
    return this.#options.journal.all().flatMap(({ id, owner }) => (owner === uid ? [id] : []))
  }

  /** Where the pod of a workspace serves, when it is an endpoint. */
  clientSocket(id: string): Address {
    return `unix://${join(this.#directory(id), socketName.client)}`
  }

  /**
   * Fails with DENIED when the pod's socket is there and is none, such as a link to somebody else's, or when the manager
   * may not open it: it is uid 0 without a capability, for
   * whom the permissions of a file hold as for everybody. One that is not there yet may come.
   */
  checkClientSocket(id: string): void {
    const path = join(this.#directory(id), socketName.client)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return
    if (!stat.isSocket())
      throw new NsmError('DENIED', `registering an endpoint: its ${socketName.client} is no socket`)
    try {
      accessSync(path, constants.R_OK | constants.W_OK)
    } catch (cause) {
      throw new NsmError(
        'DENIED',
        `registering an endpoint: the manager may not open its socket ${socketName.client}, which has mode ${(stat.mode & 0o777).toString(8)} and belongs to uid ${stat.uid}; the endpoint has to serve it with mode 666 (umask 0)`,
        { cause },
      )
    }
  }

  /** Stops listening. The directories stay: pods have them mounted, and a restarted manager serves them again. */
  async [Symbol.asyncDispose](): Promise<void> {
    const open = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(open.map(workspace => workspace[Symbol.asyncDispose]()))
  }

  /** The journal knows of a directory for as long as there may be one: it is first to hear and last to forget. */
  #forget(id: string): void {
    removeDirectory(this.#directory(id), this.#options.log)
    this.#options.journal.remove(id)
  }

  async #start(door: Door): Promise<Server> {
    const directory = this.#directory(door.workspace)
    this.#options.journal.put({ id: door.workspace, owner: door.owner ?? '' })
    mkdirSync(directory, { recursive: true })
    // The pod, whatever its uid, makes its own socket here, and must not be able to move ours away.
    chmodSync(directory, 0o1777)
    return await this.#options.serve(door, `unix://${join(directory, socketName.server)}`)
  }

  #directory(id: string): string {
    return join(this.#options.baseDir, id)
  }
}

/**
 * Removes a workspace. What a pod has made in there and closed to everybody else stays, and is no reason to keep its
 * connections: only somebody with more rights than the manager can remove that.
 */
function removeDirectory(path: string, log: Log): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (cause) {
    const { code } = cause instanceof Error && 'code' in cause ? cause : { code: undefined }
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOTEMPTY') throw cause
    log.warn(
      { path, code },
      `could not remove workspace ${path}: its pod left a directory there that only its own user may enter; remove it on the node by: rm -r ${path}`,
    )
  }
}

function checkedId(id: string): string {
  if (/^[A-Za-z0-9][-A-Za-z0-9._]{0,62}$/.test(id) && !id.includes('..')) return id
  throw new NsmError(
    'BAD_INPUT',
    `opening workspace ${JSON.stringify(id)}: an id has 1 to 63 letters, digits, "-", "_" and single ".", and begins with a letter or digit`,
  )
}
