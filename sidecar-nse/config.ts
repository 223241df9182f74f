import { setting } from '#runtime/config.ts'
import { flag, integer, list, oneOf, text } from '#runtime/parse.ts'
import type { PairForm } from '#sdk/ipam/pair.ts'
import { parseLabels } from '#sdk/workspace/parse-labels.ts'
import { parseDnsConfigs } from './parse-dns.ts'
import { parseMac } from './parse-mac.ts'
import { parsePools } from './parse-pools.ts'
import { parseRoutes } from './parse-routes.ts'

/** Pairs of addresses by the prefix length of IPv4. */
const pairForms = { '30': 'p30', '31': 'p31', '32': 'p32' } as const
const pairLength = oneOf('30', '31', '32')

/** What the endpoint side-car reads from its environment; the README has the same table. */
export const config = {
  services: setting({
    env: 'ENDPOINT_NETWORK_SERVICE',
    also: ['NSM_SERVICE_NAMES', 'ADVERTISE_NSE_NAME'],
    parse: list,
    doc: 'The services to offer, separated by commas.',
  }),
  labels: setting({
    env: 'ENDPOINT_LABELS',
    also: ['NSM_LABELS', 'ADVERTISE_NSE_LABELS'],
    parse: parseLabels,
    default: {},
    doc: 'Labels that a network service selects this endpoint by: key=value,key=value (or key:value).',
  }),
  pools: setting({
    env: 'IP_ADDRESS',
    also: ['NSM_CIDR_PREFIX'],
    parse: parsePools,
    default: [['169.254.0.0/16']],
    doc: 'CIDRs to hand out addresses from; one pair per group of [a,b],[c],d.',
  }),
  pair: setting<PairForm>({
    env: 'NSM_ADDRESS_PAIR',
    also: ['PAIR'],
    parse: value => pairForms[pairLength(value)],
    default: 'p30',
    doc: 'Prefix length of a pair of addresses: 30 (IPv6 126), 31 (127) or 32 (128, two single addresses).',
  }),
  routes: setting({
    env: 'ROUTES',
    parse: parseRoutes,
    default: [],
    doc: 'Prefixes that clients reach through this endpoint: 10.100.0.0/24,fd00::/64 via fd01::1.',
  }),
  policyPath: setting({
    env: 'NSM_PBR_CONFIG_PATH',
    parse: text,
    default: '/etc/policy-based-routing/config.yaml',
    doc: 'YAML file of policy routes for clients; no file is none, and a change arrives with the next refresh.',
  }),
  ipamPolicy: setting<'strict' | 'polite'>({
    env: 'NSM_IPAM_POLICY',
    parse: oneOf('strict', 'polite'),
    default: 'strict',
    doc: 'What becomes of addresses that a client brings from elsewhere: strict, they go; polite, they stay.',
  }),
  dnsConfigs: setting({
    env: 'NSM_DNS_CONFIGS',
    parse: parseDnsConfigs,
    default: [],
    doc: 'Name servers for clients, JSON: [{"dns_server_ips":["10.0.0.53"],"search_domains":["example.org"]}].',
  }),
  mtu: setting({
    env: 'NSM_MTU',
    parse: integer({ min: 0, max: 65_535 }),
    default: 0,
    doc: 'Most bytes of a packet; 0 leaves it to the client and the way between.',
  }),
  clientMac: setting({
    env: 'NSM_CLIENT_MAC',
    parse: parseMac,
    default: '',
    doc: 'MAC of the interface of clients; empty leaves it to the kernel.',
  }),
  endpointMac: setting({
    env: 'NSM_ENDPOINT_MAC',
    parse: parseMac,
    default: '',
    doc: 'MAC of the interfaces of this endpoint; empty leaves it to the kernel.',
  }),
  maxConnections: setting({
    env: 'MAX_CONNECTIONS',
    parse: integer({ min: 0, max: 1_000_000 }),
    default: 0,
    doc: 'Refuse more connections than this; 0 is as many as there are addresses.',
  }),
  name: setting({
    env: 'NSM_NAME',
    parse: text,
    default: '',
    doc: 'Name to register by; empty means service-pod, or one that the registry makes when that is taken.',
  }),
  registerService: setting({
    env: 'NSM_REGISTER_SERVICE',
    parse: flag,
    default: false,
    doc: 'Register the services too, for meshes in which they are no objects of their own.',
  }),
  payload: setting<'IP' | 'ETHERNET'>({
    env: 'NSM_PAYLOAD',
    parse: oneOf('IP', 'ETHERNET'),
    default: 'IP',
    doc: 'Payload of services that are registered too.',
  }),
  mechanism: setting<'KERNEL' | 'KERNEL_INTERFACE'>({
    env: 'MECHANISM_TYPE',
    parse: oneOf('KERNEL', 'KERNEL_INTERFACE'),
    default: 'KERNEL',
    doc: 'How the endpoint is attached; there is only the one way.',
  }),
  serverSocket: setting({
    env: 'NSM_SERVER_SOCKET',
    also: ['NSM_CONNECT_TO'],
    parse: text,
    default: '',
    doc: 'Socket of the manager, a path or unix://path; empty means nsm.server.io.sock in WORKSPACE.',
  }),
  clientSocket: setting({
    env: 'NSM_CLIENT_SOCKET',
    parse: text,
    default: '',
    doc: 'Where requests are served, a path or unix://path; empty means nsm.client.io.sock in WORKSPACE.',
  }),
  workspace: setting({
    env: 'WORKSPACE',
    parse: text,
    default: '',
    doc: 'Directory that the device plugin mounted.',
  }),
  podName: setting({
    env: 'POD_NAME',
    also: ['HOSTNAME'],
    parse: text,
    default: '',
    doc: 'Name of the pod; empty means the host name.',
  }),
  namespace: setting({
    env: 'NSM_NAMESPACE',
    parse: text,
    default: 'default',
    doc: 'Label namespace of connections whose client gave none.',
  }),
}
