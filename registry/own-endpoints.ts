import { isDeepStrictEqual } from 'node:util'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Client } from '#sdk/rpc/types.ts'
import type { Records } from '#sdk/wire/gen/registryrecords/registryrecords_pb.ts'
import { endpoints as kind } from './kinds.ts'
import { reachable } from './reachable.ts'
import type { Collection, EndpointRecord, Registry } from './registry.ts'
import type { Snapshot } from './snapshot.ts'
import { endpointMessage } from './wire.ts'

/** What keeping the endpoints of a node depends on. */
export interface OwnEndpointsOptions {
  readonly node: string
  readonly cache: Registry
  readonly client: Client<typeof Records>
  readonly log: Log
  /** Waits until the watch has told what was written. */
  readonly written: (revision: bigint) => Promise<void>
  /** Called when the registry may have something else than this node. */
  readonly differs: () => void
}

/** Milliseconds that a writer waits for the registry. */
const writeMs = 5000

/**
 * The endpoints as one node sees them. Those of other nodes are what the registry says; those of this node are what was
 * put and removed here, and the registry is told until it says the same.
 */
export class OwnEndpoints {
  readonly collection: Collection<EndpointRecord>
  readonly #options: OwnEndpointsOptions
  /** Names that are being put: the registry may have them already, the cache has not. */
  readonly #putting = new Set<string>()

  constructor(options: OwnEndpointsOptions) {
    const { endpoints } = options.cache
    this.#options = options
    this.collection = {
      get: key => endpoints.get(key),
      list: () => endpoints.list(),
      find: tag => endpoints.find(tag),
      watch: signal => endpoints.watch(signal),
      put: record => this.#put(record),
      add: async record => {
        if ((await endpoints.get(record.endpoint.name)) !== undefined) return 'known'
        await this.#put(record)
        return 'added'
      },
      remove: key => this.#remove(key),
    }
  }

  /** The watch has told of an endpoint. */
  async heard(record: EndpointRecord, what: 'put' | 'removed'): Promise<void> {
    const { name } = record.endpoint
    if (this.#isOwn(record) || this.#isOwn(await this.#options.cache.endpoints.get(name))) return
    if (what === 'put') await this.#keep(record)
    else await this.#options.cache.endpoints.remove(name)
  }

  /** The watch has told of all endpoints: drops those that are gone, and tells of this node's what is not known there. */
  async settle(snapshot: Snapshot): Promise<void> {
    const { cache, client } = this.#options
    const known = await cache.endpoints.list()
    for (const record of known) {
      const { name } = record.endpoint
      if (this.#isOwn(record)) await this.#repeat(record, snapshot.endpoint(name))
      else if (snapshot.endpoint(name) === undefined) await cache.endpoints.remove(name)
    }
    for (const record of snapshot.endpoints().filter(each => this.#isOwn(each))) {
      const { name } = record.endpoint
      if (this.#putting.has(name) || (await cache.endpoints.get(name)) !== undefined) continue
      await client.removeEndpoint({ key: name }, { timeoutMs: writeMs })
    }
  }

  async #put(record: EndpointRecord): Promise<void> {
    const { client, written } = this.#options
    const { name } = record.endpoint
    this.#putting.add(name)
    try {
      const { revision } = await reachable(() =>
        client.putEndpoint(endpointMessage(record), { timeoutMs: writeMs }),
      )
      if (this.#isOwn(record)) await this.#keep(record)
      else await written(revision)
    } finally {
      this.#putting.delete(name)
    }
  }

  /** What this node takes back is gone for it at once; a registry that is away is told when it is there again. */
  async #remove(key: string): Promise<EndpointRecord | undefined> {
    const { cache, client, written, differs, log } = this.#options
    const before = await cache.endpoints.get(key)
    if (before === undefined) return undefined
    if (!this.#isOwn(before)) {
      const { revision } = await reachable(() => client.removeEndpoint({ key }, { timeoutMs: writeMs }))
      await written(revision)
      return before
    }
    await cache.endpoints.remove(key)
    try {
      await client.removeEndpoint({ key }, { timeoutMs: writeMs })
    } catch (thrown) {
      log.info({ endpoint: key, reason: NsmError.from(thrown).message }, 'the registry is told later')
      differs()
    }
    return before
  }

  async #repeat(own: EndpointRecord, there: EndpointRecord | undefined): Promise<void> {
    if (there !== undefined && isDeepStrictEqual(kind.toJson(own), kind.toJson(there))) return
    const { cache, client, log } = this.#options
    const { name } = own.endpoint
    try {
      await client.putEndpoint(endpointMessage(own), { timeoutMs: writeMs })
      log.info({ endpoint: name }, `the registry had lost endpoint ${name} and has it again`)
    } catch (thrown) {
      const { code, message } = NsmError.from(thrown)
      if (code !== 'ALREADY_EXISTS') throw thrown
      log.error({ endpoint: name, reason: message }, `endpoint ${name} has lost its name to another pod`)
      await cache.endpoints.remove(name)
      if (there !== undefined) await this.#keep(there)
    }
  }

  /** A name may go from one pod to another between two things that the watch has told. */
  async #keep(record: EndpointRecord): Promise<void> {
    const { endpoints } = this.#options.cache
    const before = await endpoints.get(record.endpoint.name)
    if (before !== undefined && before.pod.uid !== record.pod.uid)
      await endpoints.remove(record.endpoint.name)
    await endpoints.put(record)
  }

  #isOwn(record: EndpointRecord | undefined): boolean {
    return record?.node === this.#options.node
  }
}
