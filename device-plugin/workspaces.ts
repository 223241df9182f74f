import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Given } from './checkpoint.ts'
import { listDirectories, madeMs } from './directory.ts'

/** A workspace, and the pod that kubelet gave it to, empty while that is not known. */
export interface Owned {
  readonly workspace: string
  readonly podUid: string
}

/** What knowing the workspaces depends on. */
export interface WorkspacesOptions {
  readonly baseDir: string
  /** Milliseconds that kubelet has to write down what it was given. */
  readonly graceMs: number
}

/** The longest that a timer may be late for nothing. */
const soonestMs = 1_000

/**
 * The workspaces of this node that this plugin made: the directories say which there are, kubelet's checkpoint whose they
 * are, and what the manager was told is remembered here.
 */
export class Workspaces implements Disposable {
  readonly #options: WorkspacesOptions
  readonly #told = new Map<string, string>()
  #given: ReadonlyMap<string, string> | undefined
  #changed = Promise.withResolvers<void>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: WorkspacesOptions) {
    this.#options = options
  }

  /** Settles when there may be something to tell. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  /** A directory came or went. One that is made anew, by the runtime when somebody removed it, is told of anew. */
  changedAt(workspace: string): void {
    if (!existsSync(join(this.#options.baseDir, workspace))) this.#told.delete(workspace)
    this.#tell()
  }

  /** What kubelet's checkpoint says now; undefined is that it says nothing. */
  given(checkpoint: readonly Given[] | undefined): void {
    this.#given =
      checkpoint === undefined
        ? undefined
        : new Map(
            checkpoint.flatMap(({ workspace, podUid }) =>
              workspace === undefined ? [] : [[workspace, podUid]],
            ),
          )
    this.#tell()
  }

  /** A manager that has just started is to be told of all. */
  tellAll(): void {
    this.#told.clear()
    this.#tell()
  }

  /** Those that the manager does not know, or not whose they are. */
  untold(): readonly Owned[] {
    return this.#directories()
      .map(workspace => ({ workspace, podUid: this.#given?.get(workspace) ?? '' }))
      .filter(({ workspace, podUid }) => {
        const told = this.#told.get(workspace)
        return told === undefined || (podUid !== '' && told !== podUid)
      })
  }

  /** The manager knows it now. */
  told(workspace: string, podUid: string): void {
    this.#told.set(workspace, podUid)
  }

  /**
   * Those that kubelet gave to nobody although it has had the time: it was killed in between, or has forgotten the pod.
   * None when nothing is known of what it gave. Of younger ones it is said again when they are of that age.
   */
  forNobody(): readonly string[] {
    const given = this.#given
    if (given === undefined) return []
    const { baseDir, graceMs } = this.#options
    const ages = this.#directories()
      .filter(workspace => !given.has(workspace))
      .map(workspace => ({ workspace, leftMs: (madeMs(baseDir, workspace) ?? 0) + graceMs - Date.now() }))
    const young = ages.filter(({ leftMs }) => leftMs > 0).map(({ leftMs }) => leftMs)
    this.#wakeIn(young.length === 0 ? undefined : Math.max(soonestMs, Math.min(...young)))
    return ages.filter(({ leftMs }) => leftMs <= 0).map(({ workspace }) => workspace)
  }

  /** Whether the manager has removed it, or keeps it for a pod that uses it. */
  forgetRemoved(workspace: string): 'removed' | 'kept' {
    if (this.#directories().includes(workspace)) return 'kept'
    this.#told.delete(workspace)
    return 'removed'
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }

  #directories(): readonly string[] {
    return listDirectories(this.#options.baseDir)
  }

  #wakeIn(ms: number | undefined): void {
    clearTimeout(this.#timer)
    if (ms !== undefined) this.#timer = setTimeout(() => this.#tell(), ms)
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
