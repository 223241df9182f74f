import { hostname } from 'node:os'
import { serverAddress } from '#registry/server-address.ts'
import { setting } from '#runtime/config.ts'
import { duration, flag, text } from '#runtime/parse.ts'
import { mechanismType } from '#sdk/wire/mechanism.ts'
import { parsePrefixes } from '#sdk/workspace/parse-prefixes.ts'
import { issuerAddress } from './issuer-address.ts'
import { listenAddress } from './listen-address.ts'

/** What the manager reads from its environment; the README has the same table. */
export const config = {
  node: setting({
    env: 'NODE_NAME',
    parse: text,
    default: hostname(),
    doc: 'Name of the node, and of the manager to others.',
  }),
  baseDir: setting({
    env: 'NSM_BASEDIR',
    parse: text,
    default: '/var/lib/networkservicemesh',
    doc: 'Absolute directory of the sockets, the workspaces and the journal.',
  }),
  sharedNamespace: setting({
    env: 'NSM_NAMESPACE',
    parse: text,
    default: 'nsm-system',
    doc: 'Namespace of the mesh: its network services are seen from every namespace that has none of that name.',
  }),
  listen: setting({
    env: 'NSMD_API_ADDRESS',
    parse: listenAddress,
    default: undefined,
    doc: 'Where other managers are served: host:port or :port; needs NSM_ISSUER or NSM_INSECURE.',
  }),
  publicUrl: setting({
    env: 'NSMD_PUBLIC_API',
    parse: text,
    default: '',
    doc: 'host:port that other managers are told; empty is what NSMD_API_ADDRESS is bound to.',
  }),
  issuer: setting({
    env: 'NSM_ISSUER',
    parse: issuerAddress,
    default: undefined,
    doc: 'Where this manager gets its certificate: unix:///absolute/path or tcp://host:port; none talks to no other manager.',
  }),
  issuerToken: setting({
    env: 'NSM_ISSUER_TOKEN_FILE',
    parse: text,
    default: '',
    doc: 'File of the token that this manager shows to an issuer at a TCP address: of its service account, bound to its pod, for the audience nsm-issuer.',
  }),
  issuerAuthorities: setting({
    env: 'NSM_ISSUER_CA_FILE',
    parse: text,
    default: '',
    doc: 'File of the authorities, PEM, one of which the certificate of an issuer at a TCP address is of; followed.',
  }),
  insecure: setting({
    env: 'NSM_INSECURE',
    also: ['INSECURE'],
    parse: flag,
    default: false,
    doc: 'Talk with other managers without TLS, so that whoever reaches the port may ask for any endpoint.',
  }),
  preferredMechanism: setting({
    env: 'PREFERRED_REMOTE_MECHANISM',
    parse: mechanismTypeName,
    default: '',
    doc: 'Mechanism between nodes that goes before all others where both have it: VXLAN or WIREGUARD; empty is VXLAN. WIREGUARD is used only where this asks for it, and not for ETHERNET.',
  }),
  excludedPrefixes: setting({
    env: 'EXCLUDED_PREFIXES',
    parse: parsePrefixes,
    default: [],
    doc: 'CIDRs of the cluster that no connection may use, separated by commas; empty asks the API server, with NSM_KUBERNETES.',
  }),
  allowHostNetwork: setting({
    env: 'NSM_ALLOW_HOST_NETWORK',
    parse: flag,
    default: false,
    doc: "Serve pods that live in the manager's own network namespace.",
  }),
  kubernetes: setting({
    env: 'NSM_KUBERNETES',
    parse: flag,
    default: false,
    doc: 'Run in a Kubernetes cluster: pods are known from the API server and their cgroups, the registry is custom resources; needs hostPID and NSMD_PUBLIC_API.',
  }),
  registryAddress: setting({
    env: 'NSM_REGISTRY',
    parse: serverAddress,
    default: undefined,
    doc: 'Where the registry is served that the managers of all nodes share: unix:///path or tcp://host:port; empty is one of its own.',
  }),
  journal: setting({
    env: 'NSM_JOURNAL',
    parse: text,
    default: '',
    doc: 'File of the journal and the registry (SQLite); empty is manager.db in NSM_BASEDIR.',
  }),
  forwarderWait: setting({
    env: 'NSM_FORWARDER_WAIT',
    parse: duration,
    default: 5000,
    doc: 'How long a request waits for a forwarder to register, before the client is told and asks again.',
  }),
  endpointWait: setting({
    env: 'NSM_ENDPOINT_WAIT',
    parse: duration,
    default: 4000,
    doc: 'How long a client that asks again is held, in case an endpoint comes, before it is told that there is none.',
  }),
  probes: setting({
    env: 'NSM_METRICS_ADDRESS',
    parse: listenAddress,
    default: undefined,
    doc: 'host:port or :port at which metrics are served for Prometheus, under /metrics, and /healthz and /readyz for probes; empty serves none.',
  }),
  timeout: setting({
    env: 'NSM_REQUEST_TIMEOUT',
    parse: duration,
    default: 5000,
    doc: 'How long an endpoint or a forwarder may take to answer; another manager gets three times as long.',
  }),
}

function mechanismTypeName(value: string): string {
  if (value === mechanismType.vxlan || value === mechanismType.wireguard) return value
  throw new Error('expected VXLAN or WIREGUARD')
}
