import type { JsonObject } from '#kube/shape.ts'
import type { Collection, EndpointRecord } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { Chore } from './chore.ts'
import { type EndpointOrigin, endpointObject, endpointOf } from './endpoint-object.ts'
import type { Origins } from './origins.ts'
import { resourcePath } from './resources.ts'
import { Restraint } from './restraint.ts'
import { isSameObject } from './same.ts'
import { taken } from './taken.ts'
import { type Ask, deleteCall, isGone } from './writes.ts'

/** What writing the endpoints of this node depends on. */
export interface OwnObjectsOptions {
  readonly ask: Ask
  readonly node: string
  readonly cache: Collection<EndpointRecord>
  readonly origins: Origins
  readonly payloadOf: (namespace: string, service: string) => Promise<string>
  readonly log: Log
  /** The API server has answered with an object. */
  readonly told: (object: JsonObject) => Promise<void>
  /** An object was deleted. */
  readonly deleted: (origin: EndpointOrigin) => Promise<void>
  /** An endpoint of this node has lost its name to another pod. */
  readonly lost: (record: EndpointRecord) => Promise<void>
}

/** The custom resources of this node's endpoints: written when they change, and again when the API server has lost them. */
export class OwnObjects implements AsyncDisposable {
  readonly #options: OwnObjectsOptions
  /** Names whose objects may not be as they should. */
  readonly #doubtful = new Set<string>()
  /** Names that are being written, whose endpoints are not in the cache yet. */
  readonly #writing = new Set<string>()
  readonly #repairing: Chore
  readonly #restraint = new Restraint()
  #isBegun = false

  constructor(options: OwnObjectsOptions) {
    this.#options = options
    this.#repairing = new Chore({
      work: () => this.#repairAll(),
      failed: thrown =>
        options.log.warn(
          { reason: NsmError.from(thrown).message },
          "the API server does not say the same of this node's endpoints; it is told again",
        ),
    })
  }

  /** All that the API server has is known; from now on objects are compared with the cache, first those named. */
  begin(names: readonly string[]): void {
    this.#isBegun = true
    for (const name of names) this.look(name)
  }

  /** The API server may have something else than this node. */
  look(name: string): void {
    this.#doubtful.add(name)
    if (this.#isBegun) this.#repairing.ask()
  }

  /** Writes the object of an endpoint. Throws ALREADY_EXISTS when another pod has the name, REGISTRY_UNAVAILABLE. */
  async write(record: EndpointRecord): Promise<void> {
    const { origins, node } = this.#options
    const { name } = record.endpoint
    this.#writing.add(name)
    try {
      for (const origin of origins.called(name)) {
        if (origin.record.pod.uid === record.pod.uid) continue
        if (origin.record.node !== node) throw taken(record, origin.record)
        await this.#delete(origin)
      }
      const there = origins.get(record.pod.namespace, name)
      await this.#put(record, there)
    } finally {
      this.#writing.delete(name)
    }
  }

  /** An endpoint is no longer in the cache; its object is deleted now, or when the API server is there again. */
  async removed(name: string): Promise<void> {
    try {
      await this.#repair(name)
    } catch (thrown) {
      const { log } = this.#options
      log.info({ endpoint: name, reason: NsmError.from(thrown).message }, 'the API server is told later')
      this.look(name)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#repairing[Symbol.asyncDispose]()
  }

  async #repairAll(): Promise<void> {
    let failure: unknown
    const names = [...this.#doubtful]
    this.#doubtful.clear()
    for (const name of names) {
      try {
        await this.#repair(name)
      } catch (thrown) {
        failure ??= thrown
        this.#doubtful.add(name)
      }
    }
    if (failure !== undefined) throw failure
  }

  async #repair(name: string): Promise<void> {
    const { cache, node, origins, log, lost } = this.#options
    if (this.#writing.has(name)) return
    const record = await cache.get(name)
    const own = record?.node === node && record.pod.uid !== '' ? record : undefined
    for (const origin of origins.called(name))
      if (origin.record.node === node && origin.record.pod.uid !== own?.pod.uid) await this.#delete(origin)
    if (own === undefined) return
    const [holder] = origins.called(name)
    if (holder !== undefined && holder.record.pod.uid !== own.pod.uid) {
      const { pod, node: there } = holder.record
      log.error(
        { endpoint: name },
        `endpoint ${name} has lost its name to pod ${pod.namespace}/${pod.name} on node ${there}`,
      )
      const mine = origins.get(own.pod.namespace, name)
      if (mine?.record.pod.uid === own.pod.uid) await this.#delete(mine)
      return await lost(own)
    }
    if (holder !== undefined && isSameObject(holder.record, own)) return
    this.#restraint.pass(name)
    await this.#put(own, holder)
    log.info({ endpoint: name }, `the API server had lost endpoint ${name} and has it again`)
  }

  /** Creates, or replaces what was there when it was looked at. */
  async #put(record: EndpointRecord, there: EndpointOrigin | undefined): Promise<void> {
    const { ask, told, node } = this.#options
    const body = await this.#objectOf(record)
    const at = { namespace: record.pod.namespace, name: record.endpoint.name }
    const path = resourcePath('networkserviceendpoints', at)
    const found = there ?? (await this.#create(body, at))
    if (found === undefined) return
    if (found.record.pod.uid !== record.pod.uid) throw taken(record, found.record)
    if (found.record.node === node)
      return await told(await ask({ method: 'PUT', path, body: withVersion(body, found.resourceVersion) }))
    // A manager may change only what says that it is of its node.
    await this.#delete(found)
    await this.#create(body, at)
  }

  /** Creates an object; gives the one that is there already. */
  async #create(
    body: JsonObject,
    at: { readonly namespace: string; readonly name: string },
  ): Promise<EndpointOrigin | undefined> {
    const { ask, told } = this.#options
    const path = resourcePath('networkserviceendpoints', { namespace: at.namespace })
    try {
      await told(await ask({ method: 'POST', path, body }))
      return undefined
    } catch (thrown) {
      if (NsmError.from(thrown).code !== 'ALREADY_EXISTS') throw thrown
      return endpointOf(await ask({ method: 'GET', path: resourcePath('networkserviceendpoints', at) }))
    }
  }

  async #objectOf(record: EndpointRecord): Promise<JsonObject> {
    const [service = ''] = record.endpoint.networkServiceNames
    return endpointObject(record, await this.#options.payloadOf(record.pod.namespace, service))
  }

  async #delete(origin: EndpointOrigin): Promise<void> {
    const { ask, deleted } = this.#options
    const { pod, endpoint } = origin.record
    const path = resourcePath('networkserviceendpoints', { namespace: pod.namespace, name: endpoint.name })
    try {
      await ask(deleteCall(path, { uid: origin.uid }))
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown
    }
    await deleted(origin)
  }
}

function withVersion(body: JsonObject, resourceVersion: string): JsonObject {
  const metadata = body['metadata']
  return { ...body, metadata: { ...(typeof metadata === 'object' ? metadata : {}), resourceVersion } }
}
