import { setTimeout as delay } from 'node:timers/promises'
import { Changes } from '#local/processes/changes.ts'
import type { Log } from '#sdk/log.ts'
import type { Client } from '#sdk/rpc/types.ts'
import type { Admin, ConnectionRecord, EndpointObject } from '#sdk/wire/gen/admin/admin_pb.ts'

/** What the managers say of the pods' wiring. It decides when a pod with a side-car of ours is ready. */
export interface Wiring {
  /** How many network services a pod is connected to. */
  connections(uid: string): number
  /** How many endpoints a pod has registered. */
  endpoints(uid: string): number
}

/** The wiring of a node's pods, kept up to date by the events of its manager. */
export class WiredPods implements Wiring, AsyncDisposable {
  readonly #admin: Client<typeof Admin>
  readonly #changes: Changes
  readonly #log: Log
  readonly #stop = new AbortController()
  readonly #events = new Changes()
  readonly #work: Promise<unknown>
  #connections: readonly ConnectionRecord[] = []
  #endpoints: readonly EndpointObject[] = []

  /** Tells `changes` whenever it has learned something. */
  constructor(admin: Client<typeof Admin>, changes: Changes, log: Log) {
    this.#admin = admin
    this.#changes = changes
    this.#log = log
    this.#work = Promise.all([this.#follow(), this.#update()])
  }

  connections(uid: string): number {
    return this.#connections.filter(({ client }) => client?.uid === uid).length
  }

  endpoints(uid: string): number {
    return this.#endpoints.filter(({ pod }) => pod?.uid === uid).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#work
  }

  /** A manager that was restarted ends the stream; the next one is asked as soon as it is there. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        for await (const _ of this.#admin.events({ watch: true }, { signal })) this.#events.touch()
      } catch (err) {
        if (signal.aborted) return
        this.#log.debug({ err }, 'the manager ended its stream of events')
      }
      this.#events.touch()
      await delay(200, undefined, { signal }).catch(() => {})
    }
  }

  /** Many events at once cause one question. */
  async #update(): Promise<void> {
    const { signal } = this.#stop
    for (let seen = -1; !signal.aborted; ) {
      try {
        await this.#events.after(seen, signal)
        seen = this.#events.version
        const [{ connections }, { endpoints }] = await Promise.all([
          this.#admin.listConnections({}, { signal }),
          this.#admin.listEndpoints({}, { signal }),
        ])
        this.#connections = connections
        this.#endpoints = endpoints
        this.#changes.touch()
      } catch (err) {
        this.#log.debug({ err }, 'the manager did not say what is connected')
      }
    }
  }
}
