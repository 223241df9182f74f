import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { NetworkServiceEndpointSchema, NetworkServiceSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import type {
  EndpointRecord as EndpointMessage,
  EndpointRecordSchema,
  ServiceRecord as ServiceMessage,
  ServiceRecordSchema,
} from '#sdk/wire/gen/registryrecords/registryrecords_pb.ts'
import type { EndpointRecord, ServiceRecord } from './registry.ts'

/** A service as it travels. */
export function serviceMessage({
  namespace,
  service,
}: ServiceRecord): MessageInitShape<typeof ServiceRecordSchema> {
  return { namespace, service }
}

/** A service that has travelled. */
export function serviceOf({ namespace, service }: ServiceMessage): ServiceRecord {
  return { namespace, service: service ?? create(NetworkServiceSchema) }
}

/** An endpoint as it travels. */
export function endpointMessage({
  endpoint,
  pod,
  pid,
  node,
  workspace,
}: EndpointRecord): MessageInitShape<typeof EndpointRecordSchema> {
  return { endpoint, pod, pid, node, workspace }
}

/** An endpoint that has travelled. */
export function endpointOf({ endpoint, pod, pid, node, workspace }: EndpointMessage): EndpointRecord {
  return {
    endpoint: endpoint ?? create(NetworkServiceEndpointSchema),
    pod: pod ?? create(PodSchema),
    pid,
    node,
    workspace,
  }
}
