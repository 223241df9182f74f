import { create, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf'
import { EndpointObjectSchema, NetworkServiceObjectSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { NetworkServiceEndpointSchema, NetworkServiceSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import { tolerant } from './read-row.ts'
import { type EndpointRecord, type ServiceRecord, serviceKey } from './registry.ts'

/** What a collection has to know of its records. */
export interface Kind<R> {
  /** For messages and table names. */
  readonly name: string
  readonly keyOf: (record: R) => string
  readonly tagsOf: (record: R) => readonly string[]
  /** Who alone may replace the record; empty when anybody may. */
  readonly ownerOf: (record: R) => string
  readonly toJson: (record: R) => JsonValue
  readonly fromJson: (json: JsonValue) => R
}

/** Network services. */
export const services: Kind<ServiceRecord> = {
  name: 'service',
  keyOf: ({ namespace, service }) => serviceKey(namespace, service.name),
  tagsOf: ({ service }) => [service.name],
  ownerOf: () => '',
  toJson: ({ namespace, service }) =>
    toJson(
      NetworkServiceObjectSchema,
      create(NetworkServiceObjectSchema, { namespace, networkService: service }),
    ),
  fromJson: json => {
    const { namespace, networkService } = fromJson(NetworkServiceObjectSchema, json, tolerant)
    return { namespace, service: networkService ?? create(NetworkServiceSchema) }
  },
}

/** Endpoints. */
export const endpoints: Kind<EndpointRecord> = {
  name: 'endpoint',
  keyOf: ({ endpoint }) => endpoint.name,
  tagsOf: ({ endpoint }) => endpoint.networkServiceNames,
  ownerOf: ({ pod }) => pod.uid,
  toJson: ({ endpoint, pod, pid, node, workspace }) => ({
    object: toJson(
      EndpointObjectSchema,
      create(EndpointObjectSchema, { namespace: pod.namespace, endpoint, pod, node }),
    ),
    pid,
    workspace,
  }),
  fromJson: json => {
    const { object = {}, pid, workspace } = fieldsOf(json)
    const { endpoint, pod, node } = fromJson(EndpointObjectSchema, object, tolerant)
    return {
      endpoint: endpoint ?? create(NetworkServiceEndpointSchema),
      pod: pod ?? create(PodSchema),
      pid: Number(pid ?? 0),
      node,
      workspace: typeof workspace === 'string' ? workspace : '',
    }
  },
}

function fieldsOf(json: JsonValue): Readonly<Record<string, JsonValue>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {}
}
