import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { isObject, type JsonObject } from '#kube/shape.ts'
import type { EndpointRecord } from '#registry/registry.ts'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { NetworkServiceEndpointSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import { asKubernetesLabels } from './kubernetes-labels.ts'
import { apiVersion, identityOf, labelsOf, objectAt, objectsAt, textOf, textsOf } from './resources.ts'

/** What an endpoint's custom resource says beside the record. */
export interface EndpointOrigin {
  readonly record: EndpointRecord
  readonly uid: string
  readonly resourceVersion: string
  /** RFC 3339. */
  readonly created: string
}

/**
 * An endpoint as a custom resource, owned by its pod, in the keys of v1alpha1 and of v1. Its url is not there: it is
 * that of the manager of its node, which changes with the manager's pod.
 */
export function endpointObject({ endpoint, pod, node }: EndpointRecord, payload: string): JsonObject {
  const [service = ''] = endpoint.networkServiceNames
  const registered = endpoint.initialRegistrationTime
  return {
    apiVersion,
    kind: 'NetworkServiceEndpoint',
    metadata: {
      name: endpoint.name,
      generateName: `${service}-`,
      namespace: pod.namespace,
      labels: {
        ...asKubernetesLabels(endpoint.networkServiceLabels[service]?.labels ?? {}),
        ...asKubernetesLabels({ networkservicename: service }),
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }],
    },
    spec: {
      networkservicename: service,
      payload,
      nsmname: node,
      network_service_names: endpoint.networkServiceNames,
      network_service_labels: Object.fromEntries(
        Object.entries(endpoint.networkServiceLabels).map(([name, { labels }]) => [name, { labels }]),
      ),
      ...(registered === undefined
        ? {}
        : { initial_registration_time: { seconds: Number(registered.seconds), nanos: registered.nanos } }),
    },
    status: { state: 'RUNNING' },
  }
}

/** A custom resource as an endpoint, whoever wrote it. Process and workspace are known to its manager alone. */
export function endpointOf(object: JsonObject): EndpointOrigin {
  const { name, namespace, uid, resourceVersion } = identityOf(object)
  const metadata = objectAt(object, 'metadata')
  const spec = objectAt(object, 'spec')
  const owner = objectsAt(metadata, 'ownerReferences').find(({ kind }) => kind === 'Pod') ?? {}
  const first = textOf(spec['networkservicename'])
  const named = textsOf(spec['network_service_names'])
  const services = named.length > 0 ? named : [first]
  const own = objectAt(spec, 'network_service_labels')
  const shown = labelsOf(metadata['labels'])
  const labels = (service: string) => (isObject(own[service]) ? labelsOf(own[service]['labels']) : shown)
  return {
    record: {
      endpoint: create(NetworkServiceEndpointSchema, {
        name,
        networkServiceNames: [...services],
        networkServiceLabels: Object.fromEntries(
          services.map(service => [service, { labels: labels(service) }]),
        ),
        url: textOf(spec['url']),
        ...timeOf(spec['initial_registration_time']),
      }),
      pod: create(PodSchema, { uid: textOf(owner['uid']), name: textOf(owner['name']), namespace }),
      pid: 0,
      node: textOf(spec['nsmname']),
      workspace: '',
    },
    uid,
    resourceVersion,
    created: textOf(metadata['creationTimestamp']),
  }
}

/** The seconds that a timestamp of the protocol may have: year 1 to 9999. */
const seconds = { least: -62_135_596_800, most: 253_402_300_799 }

/** When an endpoint registered; nothing when the object says something that is no time. */
function timeOf(value: unknown): MessageInitShape<typeof NetworkServiceEndpointSchema> {
  if (!isObject(value)) return {}
  const { seconds: whole = 0, nanos = 0 } = value
  if (!isWithin(whole, seconds) || !isWithin(nanos, { least: 0, most: 999_999_999 })) return {}
  return { initialRegistrationTime: { seconds: BigInt(whole), nanos } }
}

function isWithin(value: unknown, range: { readonly least: number; readonly most: number }): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= range.least && value <= range.most
}
