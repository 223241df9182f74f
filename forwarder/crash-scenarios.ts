/** For tests: what a forwarder is killed in. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { NetnsName } from '#kernel/link-plan.ts'
import type { ConnectionContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleCrossConnect, exampleTunnel, ipv4Pair } from './example.ts'

/** The pods that scenarios use. */
export interface Pods {
  readonly client: NetnsName
  readonly endpoint: NetnsName
  readonly otherClient: NetnsName
  readonly otherEndpoint: NetnsName
}

/** What there is to be between the pods. */
export type Shape = (pods: Pods) => CrossConnect

/** A change of what there is; `undefined` is nothing. */
export interface Scenario {
  readonly name: string
  readonly from: Shape | undefined
  readonly to: Shape | undefined
}

type Context = MessageInitShape<typeof ConnectionContextSchema>

/** A pair with one address each. */
export const plain: Shape = pods => pair(pods, {})
const rich: Shape = pods => pair(pods, { context: richContext })

export const scenarios: readonly Scenario[] = [
  { name: 'create', from: undefined, to: plain },
  { name: 'create with all that a context can ask for', from: undefined, to: rich },
  { name: 'delete', from: rich, to: undefined },
  { name: 'refresh', from: rich, to: rich },
  { name: 'change of addresses', from: plain, to: pods => pair(pods, { context: ipv4Pair('10.0.7') }) },
  { name: 'change from plain to rich', from: plain, to: rich },
  { name: 'change from rich to plain', from: rich, to: plain },
  {
    name: 'change of MTU, MACs and routes',
    from: rich,
    to: pods =>
      pair(pods, {
        context: {
          ...richContext,
          MTU: 1380,
          ethernetContext: { srcMac: '02:00:00:00:00:21', dstMac: '02:00:00:00:00:22' },
          ipContext: { ...richContext.ipContext, srcRoutes: [{ prefix: '172.30.0.0/16' }], dstRoutes: [] },
        },
      }),
  },
  { name: 'change of names', from: rich, to: pods => pair(pods, { name: 'eth7', context: richContext }) },
  {
    name: 'move to another endpoint',
    from: plain,
    to: pods => pair({ ...pods, endpoint: pods.otherEndpoint }, {}),
  },
  {
    name: 'move of both ends',
    from: plain,
    to: pods => pair({ ...pods, client: pods.otherClient, endpoint: pods.otherEndpoint }, {}),
  },
  { name: 'create with policies', from: undefined, to: pods => pair(pods, { context: policyContext }) },
  {
    name: 'change of policies',
    from: pods => pair(pods, { context: policyContext }),
    to: pods => pair(pods, { context: otherPolicyContext }),
  },
  { name: 'delete with policies', from: pods => pair(pods, { context: policyContext }), to: undefined },
  { name: 'create of a tunnel', from: undefined, to: pods => tunnel(pods, {}) },
  { name: 'delete of a tunnel', from: pods => tunnel(pods, {}), to: undefined },
  {
    name: 'change of a tunnel to another VNI',
    from: pods => tunnel(pods, {}),
    to: pods => tunnel(pods, { vni: '8' }),
  },
  { name: 'move to an endpoint of another node', from: rich, to: pods => tunnel(pods, {}) },
  { name: 'move from an endpoint of another node', from: pods => tunnel(pods, {}), to: plain },
]

/** Both families, routes of both sides, with and without next hop, neighbours, an MTU, MACs. */
const richContext = {
  MTU: 1400,
  ethernetContext: { srcMac: '02:00:00:00:00:11', dstMac: '02:00:00:00:00:12' },
  ipContext: {
    srcIpAddrs: ['172.16.1.101/32', '2001:db8::101/128'],
    dstIpAddrs: ['172.16.1.100/32', '2001:db8::100/128'],
    srcRoutes: [{ prefix: '172.20.0.0/16' }, { prefix: '172.21.0.0/16', nextHop: '172.16.1.100' }],
    dstRoutes: [{ prefix: '2001:db8:7::/48' }],
    ipNeighbors: [{ ip: '172.16.1.99', hardwareAddress: '02:00:00:00:00:99' }],
  },
} satisfies Context

/** Rules of both families: by source, by protocol and port, with and without routes. */
const policyContext = {
  ipContext: {
    srcIpAddrs: ['172.16.1.101/32', '2001:db8::101/128'],
    dstIpAddrs: ['172.16.1.100/32', '2001:db8::100/128'],
    policies: [
      { from: '172.16.2.201/32', routes: [{ prefix: '172.16.3.0/24', nextHop: '172.16.1.100' }] },
      { proto: '6', dstPort: '6666', routes: [] },
      { from: '2001:db8:5::/64', proto: 'udp', srcPort: '500-600', routes: [{ prefix: '2001:db8:6::/48' }] },
    ],
  },
} satisfies Context

const otherPolicyContext = {
  ipContext: {
    ...policyContext.ipContext,
    policies: [
      ...policyContext.ipContext.policies.slice(1),
      { proto: 'udp', dstPort: '6668', routes: [{ prefix: '172.16.4.0/24' }] },
    ],
  },
} satisfies Context

interface PairOptions {
  readonly name?: string
  readonly context?: Context
}

/** A veth pair between client and endpoint. */
export function pair(
  { client, endpoint }: Pods,
  { name = 'nsm0', context = ipv4Pair('10.0.0') }: PairOptions,
): CrossConnect {
  return exampleCrossConnect({
    source: { name, netns: client },
    destination: { name: `${name}-nse`, netns: endpoint },
    context,
  })
}

/** The end of the client of a tunnel to another node, which nobody needs to run. */
function tunnel({ client }: Pods, { vni = '7' }: { readonly vni?: string }): CrossConnect {
  return exampleTunnel({
    source: { name: 'nsm0', netns: client },
    parameters: { ...nodes, vni },
    context: richContext,
  })
}

/** Addresses of the nodes; the first is of the interface `under0`. */
const nodes = { src_ip: '192.0.2.1', dst_ip: '192.0.2.2', dst_port: '14789' }
