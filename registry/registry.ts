import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { NetworkService, NetworkServiceEndpoint } from '#sdk/wire/gen/registry/registry_pb.ts'

/** A network service and the namespace that it belongs to. */
export interface ServiceRecord {
  readonly namespace: string
  readonly service: NetworkService
}

/** An endpoint, the pod that it lives in, and where it can be reached. */
export interface EndpointRecord {
  /** `url` is its manager's (`tcp://host:port`), empty when that can only be asked on its own node. */
  readonly endpoint: NetworkServiceEndpoint
  readonly pod: Pod
  /** The process that registered it; a hint for finding its network namespace. */
  readonly pid: number
  readonly node: string
  /** The workspace on that node whose client socket it serves. */
  readonly workspace: string
}

/** A record that was put, or removed with its last content. */
export interface Change<R> {
  readonly record: R
  readonly deleted: boolean
}

/** Records of one kind. Every method that writes fails with STORAGE when the record cannot be kept. */
export interface Collection<R> {
  /** Creates or replaces. Fails with ALREADY_EXISTS when a record of that key belongs to another owner. */
  put(record: R): Promise<void>
  /** Creates, or leaves what is there as it is. */
  add(record: R): Promise<'added' | 'known'>
  /** Removes and returns; undefined when there is none. */
  remove(key: string): Promise<R | undefined>
  get(key: string): Promise<R | undefined>
  /** All records, oldest first; a replaced one keeps its place. */
  list(): Promise<readonly R[]>
  /** The records that carry a tag, oldest first: services by their name, endpoints by the services that they offer. */
  find(tag: string): Promise<readonly R[]>
  /** Every change from now on, until the signal aborts. */
  watch(signal: AbortSignal): AsyncIterable<Change<R>>
}

/** Who offers what: a port, because on Kubernetes the records are custom resources. */
export interface Registry {
  /** By `serviceKey`. */
  readonly services: Collection<ServiceRecord>
  /** By the endpoint's name. */
  readonly endpoints: Collection<EndpointRecord>
}

/** Key of a network service. */
export function serviceKey(namespace: string, name: string): string {
  return `${namespace}/${name}`
}
