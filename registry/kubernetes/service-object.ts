import { create } from '@bufbuild/protobuf'
import { readNetworkService } from '#kube/network-service.ts'
import type { JsonObject } from '#kube/shape.ts'
import type { ServiceRecord } from '#registry/registry.ts'
import { NetworkServiceObjectSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { NetworkServiceSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import { apiVersion, identityOf } from './resources.ts'

/** A service as a custom resource, in the keys of v1alpha1, which is what the guides show. */
export function serviceObject({ namespace, service }: ServiceRecord): JsonObject {
  return {
    apiVersion,
    kind: 'NetworkService',
    metadata: { name: service.name, namespace },
    spec: {
      payload: service.payload,
      matches: service.matches.map(({ sourceSelector, routes, fallthrough, metadata }) => ({
        sourceSelector,
        route: routes.map(({ destinationSelector, weight }) => ({
          destinationSelector,
          ...(weight === 0 ? {} : { weight }),
        })),
        ...(fallthrough ? { fallthrough } : {}),
        ...(metadata === undefined ? {} : { metadata: { labels: metadata.labels } }),
      })),
    },
  }
}

/** A custom resource as a service. Throws BAD_INPUT naming service and place. */
export function serviceOf(object: JsonObject): ServiceRecord {
  const { name, namespace } = identityOf(object)
  const read = create(
    NetworkServiceObjectSchema,
    readNetworkService({ metadata: { name, namespace }, spec: object['spec'] }),
  )
  return { namespace, service: read.networkService ?? create(NetworkServiceSchema, { name }) }
}
