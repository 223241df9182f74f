import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Channel } from '#sdk/rpc/dial.ts'
import type { Client } from '#sdk/rpc/types.ts'
import { type Change as ChangeMessage, Records } from '#sdk/wire/gen/registryrecords/registryrecords_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { OwnEndpoints } from './own-endpoints.ts'
import { reachable } from './reachable.ts'
import {
  type Collection,
  type EndpointRecord,
  type Registry,
  type ServiceRecord,
  serviceKey,
} from './registry.ts'
import { Revision } from './revision.ts'
import { Snapshot } from './snapshot.ts'
import { endpointOf, serviceMessage, serviceOf } from './wire.ts'

/** What a registry that managers share is reached with. */
export interface SharedRegistryOptions {
  /** To the registry; disposed of with the registry. */
  readonly channel: Channel
  /** The node of this manager: its endpoints are this manager's alone to change. */
  readonly node: string
  /** What is known of the records; the endpoints of this node are true here and repeated there. */
  readonly cache: Registry
  readonly log: Log
}

/** Milliseconds that a writer waits for the registry. */
const writeMs = 5000

/**
 * The registry that the managers of all nodes share, as one of them sees it: reads are answered from a cache, which a
 * watch keeps up to date and which outlives the registry and this process; writes go to the registry. A watch that
 * broke begins again, first with all that there is; what the registry has lost of this node's endpoints is put again.
 */
export class SharedRegistry implements Registry, AsyncDisposable {
  readonly services: Collection<ServiceRecord>
  readonly endpoints: Collection<EndpointRecord>
  readonly #options: SharedRegistryOptions
  readonly #client: Client<typeof Records>
  readonly #stop = new AbortController()
  readonly #revision = new Revision()
  readonly #own: OwnEndpoints
  readonly #life: Promise<void>
  /** Ends the present watch, so that the next one begins with all that there is. */
  #again = new AbortController()
  #instance = ''

  constructor(options: SharedRegistryOptions) {
    const { channel, cache, node } = options
    this.#options = options
    this.#client = channel.client(Records)
    this.#own = new OwnEndpoints({
      ...options,
      client: this.#client,
      written: revision => this.#written(revision),
      differs: () => this.#again.abort(),
    })
    this.services = {
      get: key => cache.services.get(key),
      list: () => cache.services.list(),
      find: tag => cache.services.find(tag),
      watch: signal => cache.services.watch(signal),
      put: async record => {
        await this.#write(() => this.#client.putService(serviceMessage(record), { timeoutMs: writeMs }))
      },
      add: async record => {
        const key = serviceKey(record.namespace, record.service.name)
        if ((await cache.services.get(key)) !== undefined) return 'known'
        await this.#write(() => this.#client.addService(serviceMessage(record), { timeoutMs: writeMs }))
        return 'added'
      },
      remove: async key => {
        const record = await cache.services.get(key)
        await this.#write(() => this.#client.removeService({ key }, { timeoutMs: writeMs }))
        return record
      },
    }
    this.endpoints = this.#own.collection
    this.#life = this.#follow(node)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#again.abort()
    await this.#options.channel[Symbol.asyncDispose]()
    await this.#life
  }

  async #write(call: () => Promise<{ readonly revision: bigint }>): Promise<void> {
    const { revision } = await reachable(call)
    await this.#written(revision)
  }

  /** Who has written may read it at once. */
  async #written(revision: bigint): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(writeMs)])
    await reachable(() => this.#revision.until(revision, signal))
  }

  async #follow(node: string): Promise<void> {
    const { log } = this.#options
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      this.#again = new AbortController()
      const signal = AbortSignal.any([this.#stop.signal, this.#again.signal])
      try {
        await this.#listen(node, signal, () => {
          if (failures > 0) log.info({ node }, 'the registry is there again')
          failures = 0
        })
      } catch (thrown) {
        if (this.#stop.signal.aborted) return
        if (failures === 0)
          log.warn(
            { reason: NsmError.from(thrown).message },
            'the registry is away; what is known of it goes on',
          )
      }
      failures += 1
      await pause(backoff(failures), this.#stop.signal)
    }
  }

  async #listen(node: string, signal: AbortSignal, complete: () => void): Promise<void> {
    const snapshot = new Snapshot()
    for await (const change of this.#client.watch({ node }, { signal })) {
      if (signal.aborted) return
      if (change.record.case === 'complete') {
        await this.#settle(snapshot, change.record.value.instance)
        complete()
      } else {
        snapshot.add(change)
        await this.#apply(change)
      }
      this.#revision.reach(change.revision)
    }
  }

  async #apply({ record, deleted }: ChangeMessage): Promise<void> {
    const { services } = this.#options.cache
    if (record.case === 'endpoint') return await this.#own.heard(endpointOf(record.value), kindOf(deleted))
    if (record.case !== 'service') return
    const service = serviceOf(record.value)
    if (deleted) await services.remove(serviceKey(service.namespace, service.service.name))
    else await services.put(service)
  }

  /** Drops what is gone, and gives back what a registry with an empty database has lost. */
  async #settle(snapshot: Snapshot, instance: string): Promise<void> {
    const { services } = this.#options.cache
    const isAnother = this.#instance !== '' && this.#instance !== instance
    this.#instance = instance
    for (const record of (await services.list()).filter(each => !snapshot.hasService(each))) {
      if (isAnother) await this.#client.addService(serviceMessage(record), { timeoutMs: writeMs })
      else await services.remove(serviceKey(record.namespace, record.service.name))
    }
    await this.#own.settle(snapshot)
  }
}

function kindOf(deleted: boolean): 'put' | 'removed' {
  return deleted ? 'removed' : 'put'
}
