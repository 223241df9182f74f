import type { KubeApi, WatchEvent } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'
import { checkedEndpoint } from '#registry/check-record.ts'
import type { Change, Collection, EndpointRecord } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { type EndpointOrigin, endpointOf } from './endpoint-object.ts'
import { Origins } from './origins.ts'
import { OwnObjects } from './own-objects.ts'
import { identityOf, resourcePath } from './resources.ts'
import { isSame, isSameObject } from './same.ts'
import { Sightings } from './sightings.ts'
import { taken } from './taken.ts'
import { Turns } from './turns.ts'
import { type Ask, deleteCall, isGone } from './writes.ts'

/** What the endpoints depend on. */
export interface EndpointsOptions {
  readonly api: Pick<KubeApi, 'watch'>
  readonly ask: Ask
  readonly node: string
  readonly cache: Collection<EndpointRecord>
  /** Where the living manager of a node is. */
  readonly urlOf: (node: string) => string | undefined
  /** What a service's links carry, for the eyes of who looks at the object. */
  readonly payloadOf: (namespace: string, service: string) => Promise<string>
  readonly signal: AbortSignal
  readonly log: Log
}

/**
 * Endpoints as custom resources. Those of other nodes are what the API server says of nodes whose managers live; those
 * of this node are what was put and removed here, and the API server is told until it says the same.
 */
export class KubernetesEndpoints implements Collection<EndpointRecord>, AsyncDisposable {
  readonly #options: EndpointsOptions
  readonly #sightings = new Sightings()
  readonly #origins = new Origins()
  readonly #turns = new Turns()
  readonly #own: OwnObjects
  #isSynced = false

  constructor(options: EndpointsOptions) {
    this.#options = options
    this.#own = new OwnObjects({
      ...options,
      origins: this.#origins,
      told: object => this.#heard('MODIFIED', object),
      deleted: (origin: EndpointOrigin) => this.#forget(origin),
      lost: record => this.#lost(record),
    })
  }

  /** Keeps the cache until the signal aborts. `synced`: all endpoints are known. */
  async follow(synced: () => Promise<void>): Promise<void> {
    const { api, signal, log } = this.#options
    const path = resourcePath('networkserviceendpoints')
    this.#sightings.clear()
    this.#origins.clear()
    for await (const { type, object } of api.watch({ path, signal, log })) {
      if (type !== 'SYNCED') await this.#heard(type, object)
      else {
        this.#sightings.settle()
        this.#isSynced = true
        await synced()
      }
    }
  }

  /** Whether all endpoints were known once. */
  isSynced(): boolean {
    return this.#isSynced
  }

  /** Endpoints and managers are known: what the cache has beyond them is gone, and what is missing of this node is put. */
  async settle(): Promise<void> {
    const known = await this.#options.cache.list()
    for (const { endpoint, node } of known)
      if (node !== this.#options.node) await this.#refresh(endpoint.name)
    for (const name of this.#origins.names()) await this.#refresh(name)
    const own = known.filter(({ node }) => node === this.#options.node)
    const there = this.#origins.ofNode(this.#options.node)
    this.#own.begin([...own, ...there.map(({ record }) => record)].map(({ endpoint }) => endpoint.name))
  }

  /** The manager of a node has moved, has died or lives again. */
  async managerChanged(node: string): Promise<void> {
    for (const { record } of this.#origins.ofNode(node)) await this.#refresh(record.endpoint.name)
  }

  /** Deletes what a node offered whose manager is dead, unless it changed meanwhile. */
  async expire(node: string): Promise<void> {
    for (const origin of this.#origins.ofNode(node)) await this.#delete(origin)
  }

  get(key: string): Promise<EndpointRecord | undefined> {
    return this.#options.cache.get(key)
  }

  list(): Promise<readonly EndpointRecord[]> {
    return this.#options.cache.list()
  }

  find(tag: string): Promise<readonly EndpointRecord[]> {
    return this.#options.cache.find(tag)
  }

  watch(signal: AbortSignal): AsyncIterable<Change<EndpointRecord>> {
    return this.#options.cache.watch(signal)
  }

  async put(record: EndpointRecord): Promise<void> {
    const { cache, node } = this.#options
    const { name } = record.endpoint
    if (record.node !== node)
      throw new NsmError(
        'BAD_INPUT',
        `registering endpoint ${name}: it is on node ${record.node}, and only the manager there may register it`,
      )
    const before = await cache.get(name)
    if (before !== undefined && before.pod.uid !== record.pod.uid) throw taken(record, before)
    // A forwarder's network is no pod's, and only the pods of its own node can use it.
    if (before !== undefined && isSameObject(before, record)) this.#own.look(name)
    else if (record.pod.uid !== '') await this.#own.write(record)
    await this.#turns.run(() => cache.put(record))
  }

  async add(record: EndpointRecord): Promise<'added' | 'known'> {
    if ((await this.get(record.endpoint.name)) !== undefined) return 'known'
    await this.put(record)
    return 'added'
  }

  /** What this node takes back is gone for it at once; an API server that is away is told when it is there again. */
  async remove(key: string): Promise<EndpointRecord | undefined> {
    const { cache, node } = this.#options
    const before = await cache.get(key)
    if (before?.node === node) {
      await this.#turns.run(() => cache.remove(key))
      await this.#own.removed(key)
    } else if (before !== undefined) {
      for (const origin of this.#origins.called(key)) await this.#delete(origin)
    }
    return before
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own[Symbol.asyncDispose]()
  }

  async #heard(type: WatchEvent['type'], object: JsonObject): Promise<void> {
    if (!this.#sightings.isNews(type, object)) return
    const { namespace, name } = identityOf(object)
    const before = this.#origins.get(namespace, name)
    const origin = endpointOf(object)
    if (type === 'DELETED') this.#origins.delete(namespace, name)
    else this.#origins.set(origin)
    const { node } = this.#options
    await this.#refresh(name)
    if (before?.record.node === node || origin.record.node === node || (await this.get(name))?.node === node)
      this.#own.look(name)
  }

  /** Has the cache say of an endpoint of another node what the API server says. */
  #refresh(name: string): Promise<void> {
    return this.#turns.run(async () => {
      const { cache, node } = this.#options
      const before = await cache.get(name)
      if (before?.node === node) return
      const after = this.#offered(name)
      if (after === undefined) {
        await cache.remove(name)
        return
      }
      if (before !== undefined && isSame(before, after)) return
      // A name may go from one pod to another between two things that the watch has told.
      if (before !== undefined && before.pod.uid !== after.pod.uid) await cache.remove(name)
      await this.#keep(after)
    })
  }

  /** What somebody wrote into an object must not keep the watch from going on. */
  async #keep(record: EndpointRecord): Promise<void> {
    const { cache, log } = this.#options
    try {
      await cache.put(checkedEndpoint(record))
    } catch (thrown) {
      const { code, message } = NsmError.from(thrown)
      if (code === 'STORAGE') throw thrown
      log.warn(
        { endpoint: record.endpoint.name, reason: message },
        'an endpoint cannot be read; it is not used',
      )
    }
  }

  /** The endpoint of another node that has a name, if its manager lives. */
  #offered(name: string): EndpointRecord | undefined {
    const { node, urlOf } = this.#options
    for (const { record } of this.#origins.called(name)) {
      const url = record.node === node ? undefined : urlOf(record.node)
      if (url !== undefined) return { ...record, endpoint: { ...record.endpoint, url } }
    }
    return undefined
  }

  async #delete(origin: EndpointOrigin): Promise<void> {
    const { ask } = this.#options
    const { record, uid, resourceVersion } = origin
    const { endpoint, pod } = record
    const path = resourcePath('networkserviceendpoints', { namespace: pod.namespace, name: endpoint.name })
    try {
      await ask(deleteCall(path, { uid, resourceVersion }))
    } catch (thrown) {
      if (isGone(thrown)) return
      throw thrown
    }
    await this.#forget(origin)
  }

  /** An object was deleted here, which the watch tells later. */
  async #forget({ record, uid }: EndpointOrigin): Promise<void> {
    const { pod, endpoint } = record
    this.#sightings.gone({ namespace: pod.namespace, name: endpoint.name, uid })
    if (this.#origins.get(pod.namespace, endpoint.name)?.uid === uid)
      this.#origins.delete(pod.namespace, endpoint.name)
    await this.#refresh(endpoint.name)
  }

  async #lost({ endpoint: { name } }: EndpointRecord): Promise<void> {
    await this.#turns.run(() => this.#options.cache.remove(name))
    await this.#refresh(name)
  }
}
