import { isDeepStrictEqual } from 'node:util'
import type { KubeApi, WatchEvent } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'
import { services as kind } from '#registry/kinds.ts'
import { type Change, type Collection, type ServiceRecord, serviceKey } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { identityOf, resourcePath } from './resources.ts'
import { serviceObject, serviceOf } from './service-object.ts'
import { Sightings } from './sightings.ts'
import { type Ask, applyCall, deleteCall, isGone } from './writes.ts'

/** What the services depend on. */
export interface ServicesOptions {
  readonly api: Pick<KubeApi, 'watch'>
  readonly ask: Ask
  readonly cache: Collection<ServiceRecord>
  readonly signal: AbortSignal
  readonly log: Log
}

/** Network services as custom resources: a watch keeps the cache, and an answer to a write is in it at once. */
export class KubernetesServices implements Collection<ServiceRecord> {
  readonly #options: ServicesOptions
  readonly #sightings = new Sightings()
  /** The services that the API server has, by key. */
  readonly #uids = new Map<string, string>()

  constructor(options: ServicesOptions) {
    this.#options = options
  }

  /** Keeps the cache until the signal aborts. `synced`: all services are known. */
  async follow(synced: () => void): Promise<void> {
    const { api, signal, log } = this.#options
    this.#sightings.clear()
    this.#uids.clear()
    for await (const { type, object } of api.watch({ path: resourcePath('networkservices'), signal, log })) {
      if (type === 'SYNCED') {
        await this.#settle()
        synced()
      } else await this.#heard(type, object)
    }
  }

  get(key: string): Promise<ServiceRecord | undefined> {
    return this.#options.cache.get(key)
  }

  list(): Promise<readonly ServiceRecord[]> {
    return this.#options.cache.list()
  }

  find(tag: string): Promise<readonly ServiceRecord[]> {
    return this.#options.cache.find(tag)
  }

  watch(signal: AbortSignal): AsyncIterable<Change<ServiceRecord>> {
    return this.#options.cache.watch(signal)
  }

  async put(record: ServiceRecord): Promise<void> {
    const { ask } = this.#options
    await this.#heard('MODIFIED', await ask(applyCall(pathOf(record), serviceObject(record))))
  }

  async add(record: ServiceRecord): Promise<'added' | 'known'> {
    const { ask, cache } = this.#options
    const { namespace, service } = record
    if ((await cache.get(serviceKey(namespace, service.name))) !== undefined) return 'known'
    try {
      const path = resourcePath('networkservices', { namespace })
      await this.#heard('ADDED', await ask({ method: 'POST', path, body: serviceObject(record) }))
      return 'added'
    } catch (thrown) {
      if (NsmError.from(thrown).code !== 'ALREADY_EXISTS') throw thrown
      await this.#heard('ADDED', await ask({ method: 'GET', path: pathOf(record) }))
      return 'known'
    }
  }

  async remove(key: string): Promise<ServiceRecord | undefined> {
    const { ask, cache } = this.#options
    const record = await cache.get(key)
    const uid = this.#uids.get(key)
    if (record === undefined) return undefined
    if (uid !== undefined) {
      await ask(deleteCall(pathOf(record), { uid })).catch((thrown: unknown) => {
        if (!isGone(thrown)) throw thrown
      })
      const { namespace, service } = record
      this.#sightings.gone({ namespace, name: service.name, uid })
      this.#uids.delete(key)
    }
    await cache.remove(key)
    return record
  }

  async #heard(type: WatchEvent['type'], object: JsonObject): Promise<void> {
    if (!this.#sightings.isNews(type, object)) return
    const { cache, log } = this.#options
    const { namespace, name, uid } = identityOf(object)
    const key = serviceKey(namespace, name)
    if (type === 'DELETED') {
      this.#uids.delete(key)
      await cache.remove(key)
      return
    }
    this.#uids.set(key, uid)
    try {
      await this.#keep(serviceOf(object))
    } catch (thrown) {
      const { code, message } = NsmError.from(thrown)
      if (code === 'STORAGE') throw thrown
      log.warn({ service: key, reason: message }, `network service ${key} cannot be read; it stays as it was`)
    }
  }

  async #keep(record: ServiceRecord): Promise<void> {
    const { cache } = this.#options
    const before = await cache.get(kind.keyOf(record))
    if (before !== undefined && isDeepStrictEqual(kind.toJson(before), kind.toJson(record))) return
    await cache.put(record)
  }

  /** A list is complete: what the cache has beyond it is gone. */
  async #settle(): Promise<void> {
    this.#sightings.settle()
    for (const record of await this.#options.cache.list()) {
      const key = kind.keyOf(record)
      if (!this.#uids.has(key)) await this.#options.cache.remove(key)
    }
  }
}

function pathOf({ namespace, service: { name } }: ServiceRecord): string {
  return resourcePath('networkservices', { namespace, name })
}
