import { create } from '@bufbuild/protobuf'
import type { EndpointRecord } from '#registry/registry.ts'
import { type Mechanism, MechanismSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { mechanismClass, mechanismType, parameter } from '#sdk/wire/mechanism.ts'
import { podName } from './request.ts'

/** A network outside of the mesh, and the forwarder of this node that joins pods to it. */
export interface ExternalNetworkRef {
  readonly forwarder: string
  readonly network: string
}

/** What marks the url of an endpoint that is no pod but a network: `external://<forwarder>/<network>`. */
const scheme = 'external://'

/** The url by which an endpoint's record says that it is a network. */
export function externalUrl({ forwarder, network }: ExternalNetworkRef): string {
  return `${scheme}${encodeURIComponent(forwarder)}/${encodeURIComponent(network)}`
}

/** The network that an endpoint's record stands for; undefined when it is an endpoint in a pod. */
export function externalOf({
  endpoint: { url },
}: Pick<EndpointRecord, 'endpoint'>): ExternalNetworkRef | undefined {
  if (!url.startsWith(scheme)) return undefined
  const [forwarder = '', network = ''] = url.slice(scheme.length).split('/').map(decodeURIComponent)
  return { forwarder, network }
}

/** The far end of a cross connect to the network. */
export function externalMechanism({ network }: ExternalNetworkRef): Mechanism {
  return create(MechanismSchema, {
    cls: mechanismClass.local,
    type: mechanismType.external,
    parameters: { [parameter.network]: network },
  })
}

/** Whom a connection leads to, in words: `default/gateway`, or `the external network lan`. */
export function endpointName(record: EndpointRecord): string {
  const external = externalOf(record)
  return external === undefined ? podName(record.pod) : `the external network ${external.network}`
}
