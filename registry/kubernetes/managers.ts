import { type KubeApi, metadataOnly, type WatchEvent } from '#kube/api.ts'
import { isSilent } from '#kube/patience.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { Chore } from './chore.ts'
import { Liveness } from './liveness.ts'
import { leaseLabel, managerObject, type NodeOwner, nodeOfLease } from './manager-object.ts'
import { markOffline } from './mark-offline.ts'
import { renewLease } from './renew-lease.ts'
import { identityOf, leasePath, objectAt, resourcePath, textOf } from './resources.ts'
import { survive } from './survive.ts'
import { type Ask, applyCall } from './writes.ts'

/** What the records of managers depend on. */
export interface ManagersOptions {
  readonly api: Pick<KubeApi, 'watch'>
  readonly ask: Ask
  readonly node: string
  /** Where others reach this manager; empty when they cannot. */
  readonly url: string
  readonly namespace: string
  /** Milliseconds between two renewals of the Lease. */
  readonly renewMs: number
  readonly signal: AbortSignal
  readonly log: Log
  /** The manager of a node is known, has moved, is dead, or lives again. */
  readonly changed: (node: string) => Promise<void>
  /** All managers are known. */
  readonly synced: () => Promise<void>
  /** Takes away what a dead manager's node offered; it is asked for once, by every manager that lives. */
  readonly expire: (node: string) => Promise<void>
}

/** Own renewals after which a manager that has not renewed is dead. */
const missedRenewals = 4

interface Entry {
  readonly url: string
  readonly resourceVersion: string
  readonly state: string
  /** Its object is no longer there. */
  readonly isGone?: true
}

/** What has come of burying a node so far. */
interface BurialTrouble {
  readonly failures: number
  readonly refusals: number
}

/** The managers of all nodes: their records, which say where they are, and their Leases, which say that they live. */
export class Managers implements AsyncDisposable {
  readonly #options: ManagersOptions
  readonly #entries = new Map<string, Entry>()
  readonly #liveness = new Liveness(missedRenewals)
  readonly #publishing: Chore
  readonly #since = new Date()
  #owner: NodeOwner | undefined
  #lastBeat = Number.NEGATIVE_INFINITY

  constructor(options: ManagersOptions) {
    this.#options = options
    this.#publishing = new Chore({
      work: () => this.#publish(),
      failed: thrown =>
        options.log.warn(
          { reason: NsmError.from(thrown).message },
          'the record of this manager cannot be written; it is tried again',
        ),
    })
    this.#publishing.ask()
  }

  /** Where the manager of a node is; undefined when there is none, or none that lives. */
  urlOf(node: string): string | undefined {
    return this.#liveness.isDead(node) ? undefined : this.#entries.get(node)?.url
  }

  /** Keeps the records until the signal aborts. */
  async follow(): Promise<void> {
    const { signal, log } = this.#options
    await Promise.all([
      survive(() => this.#followRecords(), signal, log),
      survive(() => this.#followLeases(), signal, log),
      this.#renew(),
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publishing[Symbol.asyncDispose]()
  }

  async #followRecords(): Promise<void> {
    const { api, namespace, signal, log, synced } = this.#options
    const path = resourcePath('networkservicemanagers', { namespace })
    for await (const { type, object } of api.watch({ path, signal, log })) {
      if (type === 'SYNCED') await synced()
      else await this.#heard(type, object)
    }
  }

  async #heard(type: WatchEvent['type'], object: JsonObject): Promise<void> {
    const { node, url, changed } = this.#options
    const { name, resourceVersion } = identityOf(object)
    // A record that vanishes says nothing: somebody may have deleted it, and of a node that is gone the Lease ends too.
    const before = this.#entries.get(name)
    if (type === 'DELETED') {
      if (name === node) this.#publishing.ask()
      else if (before !== undefined) this.#entries.set(name, { ...before, isGone: true })
      return
    }
    const entry = {
      url: textOf(objectAt(object, 'spec')['url']),
      resourceVersion,
      state: textOf(objectAt(object, 'status')['state']),
    }
    this.#entries.set(name, entry)
    this.#liveness.expect(name)
    if (name === node) {
      if (entry.url !== url || entry.state !== 'RUNNING') this.#publishing.ask()
    } else if (before?.url !== entry.url) await changed(name)
  }

  async #followLeases(): Promise<void> {
    const { api, namespace, signal, log } = this.#options
    const path = `${leasePath(namespace)}?labelSelector=${encodeURIComponent(leaseLabel)}`
    for await (const { type, object } of api.watch({ path, accept: metadataOnly, signal, log })) {
      if (type === 'ADDED' || type === 'MODIFIED') await this.#renewed(nodeOfLease(identityOf(object).name))
    }
  }

  async #renewed(node: string): Promise<void> {
    const { changed, log } = this.#options
    const isRevived = this.#liveness.heard(node) === 'revived'
    if (node === this.#options.node) await this.#beat()
    if (!isRevived) return
    log.info({ node }, `the manager of node ${node} lives again`)
    await changed(node)
  }

  /** Renewals come more often than they should while this manager starts; those are not counted. */
  async #beat(): Promise<void> {
    const { renewMs, changed, log } = this.#options
    const now = performance.now()
    if (now - this.#lastBeat < renewMs / 2) return
    this.#lastBeat = now
    for (const node of this.#liveness.beat()) {
      log.warn(
        { node },
        `the manager of node ${node} is dead: it has not renewed its Lease; its endpoints end`,
      )
      await changed(node)
      this.#buryLater(node)
    }
  }

  /**
   * All managers notice at once, so each waits a moment of its own, and most find it done. The moment grows with refusals,
   * not while the API server is away. Told of the first failure only.
   */
  #buryLater(node: string, { failures, refusals }: BurialTrouble = { failures: 0, refusals: 0 }): void {
    const { ask, namespace, renewMs, signal, expire, log } = this.#options
    const run = async (): Promise<void> => {
      if (signal.aborted || !this.#liveness.isDead(node)) return
      try {
        await expire(node)
        const entry = this.#entries.get(node)
        if (entry !== undefined && entry.isGone !== true)
          return await markOffline(ask, { namespace, name: node, ...entry })
        this.#entries.delete(node)
        this.#liveness.forget(node)
      } catch (thrown) {
        const reason = NsmError.from(thrown).message
        if (failures === 0)
          log.warn({ node, reason }, `what node ${node} offered cannot be taken away yet; it is tried again`)
        this.#buryLater(node, {
          failures: failures + 1,
          refusals: isSilent(thrown) ? refusals : refusals + 1,
        })
      }
    }
    setTimeout(() => void run(), Math.random() * renewMs * 2 ** Math.min(refusals, 5)).unref()
  }

  async #publish(): Promise<void> {
    const { ask, node, namespace, url } = this.#options
    const owner = await this.#nodeOwner()
    const object = managerObject({ namespace, url, since: this.#since }, { name: node, owner })
    await ask(applyCall(resourcePath('networkservicemanagers', { namespace, name: node }), object))
  }

  async #nodeOwner(): Promise<NodeOwner | undefined> {
    const { ask, node: name } = this.#options
    if (this.#owner !== undefined) return this.#owner
    try {
      const { uid } = identityOf(
        await ask({ method: 'GET', path: `/api/v1/nodes/${encodeURIComponent(name)}` }),
      )
      this.#owner = { name, uid }
    } catch (thrown) {
      if (NsmError.from(thrown).code !== 'NOT_FOUND') throw thrown
    }
    return this.#owner
  }

  #renew(): Promise<void> {
    const { ask, node, namespace, renewMs, signal, log } = this.#options
    const owner = () => this.#nodeOwner()
    return renewLease({ ask, node, namespace, renewMs, missedRenewals, owner, signal, log })
  }
}
