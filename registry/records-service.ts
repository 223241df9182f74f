import type { MessageInitShape } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Handlers } from '#sdk/rpc/types.ts'
import type { ChangeSchema, Records } from '#sdk/wire/gen/registryrecords/registryrecords_pb.ts'
import { checkedEndpoint, checkedService } from './check-record.ts'
import { Leases } from './leases.ts'
import type { Registry } from './registry.ts'
import { Watchers } from './watchers.ts'
import { endpointMessage, endpointOf, serviceMessage, serviceOf } from './wire.ts'

/** What serving records depends on. */
export interface RecordsServiceOptions {
  readonly registry: Registry
  /** Names the database. */
  readonly instance: string
  /** Milliseconds that a node's endpoints outlive the last watch of its manager. */
  readonly leaseMs: number
  readonly log: Log
}

type ChangeInit = MessageInitShape<typeof ChangeSchema>

/** Serves records to the managers of all nodes, as their only writer. */
export class RecordsService implements Disposable {
  readonly handlers: Handlers<typeof Records, unknown>
  readonly #options: RecordsServiceOptions
  readonly #watchers = new Watchers<ChangeInit>()
  readonly #leases: Leases
  /** Begins with the time, so that it grows over restarts too. */
  #revision = BigInt(Date.now()) * 1000n

  constructor(options: RecordsServiceOptions) {
    const { registry, leaseMs } = options
    this.#options = options
    this.#leases = new Leases({ ms: leaseMs, expire: node => void this.#expire(node) })
    this.handlers = {
      putService: async message => {
        const record = checkedService(serviceOf(message))
        await registry.services.put(record)
        return this.#tell({ record: { case: 'service', value: serviceMessage(record) } })
      },
      addService: async message => {
        const record = checkedService(serviceOf(message))
        if ((await registry.services.add(record)) === 'known') return { revision: this.#revision }
        return this.#tell({ record: { case: 'service', value: serviceMessage(record) } })
      },
      removeService: async ({ key }) => {
        const removed = await registry.services.remove(key)
        if (removed === undefined) return {}
        return this.#tell({ record: { case: 'service', value: serviceMessage(removed) }, deleted: true })
      },
      putEndpoint: async message => {
        const record = checkedEndpoint(endpointOf(message))
        await registry.endpoints.put(record)
        this.#leases.await(record.node)
        return this.#tell({ record: { case: 'endpoint', value: endpointMessage(record) } })
      },
      removeEndpoint: async ({ key }) => await this.#removeEndpoint(key),
      watch: ({ node }, { signal }) => this.#watch(node, signal),
    }
  }

  /** Gives the managers whose endpoints are known the time to come back. */
  async resume(): Promise<void> {
    for (const { node } of await this.#options.registry.endpoints.list()) this.#leases.await(node)
  }

  [Symbol.dispose](): void {
    this.#leases[Symbol.dispose]()
  }

  #tell(change: ChangeInit): { readonly revision: bigint } {
    this.#revision += 1n
    this.#watchers.tell({ ...change, revision: this.#revision })
    return { revision: this.#revision }
  }

  async #removeEndpoint(key: string): Promise<{ readonly revision?: bigint }> {
    const removed = await this.#options.registry.endpoints.remove(key)
    if (removed === undefined) return {}
    return this.#tell({ record: { case: 'endpoint', value: endpointMessage(removed) }, deleted: true })
  }

  async *#watch(node: string, signal: AbortSignal): AsyncGenerator<ChangeInit, void> {
    if (node === '') throw new NsmError('BAD_INPUT', 'watching the registry: the watcher names no node')
    const { registry, instance, log } = this.#options
    using _lease = this.#leases.hold(node)
    log.info({ node }, `the manager of ${node} watches`)
    // Before the lists: what changes meanwhile is told twice rather than never.
    const changes = this.#watchers.watch(signal)
    const revision = this.#revision
    for (const record of await registry.services.list())
      yield { record: { case: 'service', value: serviceMessage(record) } }
    for (const record of await registry.endpoints.list())
      yield { record: { case: 'endpoint', value: endpointMessage(record) } }
    yield { record: { case: 'complete', value: { instance } }, revision }
    yield* changes
  }

  async #expire(node: string): Promise<void> {
    const { registry, log } = this.#options
    const left = (await registry.endpoints.list()).filter(record => record.node === node)
    if (left.length === 0) return
    log.warn(
      { node, endpoints: left.length },
      `the manager of ${node} does not come back: its endpoints are taken away`,
    )
    for (const { endpoint } of left) {
      try {
        await this.#removeEndpoint(endpoint.name)
      } catch (err) {
        log.error({ err, endpoint: endpoint.name }, 'an endpoint could not be taken away')
      }
    }
  }
}
