import { clone, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import type { EndPlan } from '#kernel/link-plan.ts'
import type {
  EthernetContextSchema,
  IPContextSchema,
} from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleCrossConnect } from './example.ts'
import { planLinks } from './plan.ts'

const source = { name: 'nsm0', netns: { cookie: 11n, inode: 4026532000n, pidHint: 100 } }
const destination = { name: 'nsm-a1b2', netns: { cookie: 22n } }

interface Understood {
  readonly what: string
  readonly ip: MessageInitShape<typeof IPContextSchema>
  readonly rest?: {
    readonly MTU: number
    readonly ethernetContext: MessageInitShape<typeof EthernetContextSchema>
  }
  readonly client?: Partial<EndPlan>
  readonly endpoint?: Partial<EndPlan>
}

const nothing = { addresses: [], routes: [], neighbours: [], policies: [] }

/** NSM v1; `ip` is the context, `client` and `endpoint` what it means beyond nothing. */
const understood: readonly Understood[] = [
  { what: 'no addresses at all', ip: {} },
  {
    what: 'IPv6 in any writing',
    ip: { srcIpAddrs: ['2001:DB8:0:0::1/126'], dstIpAddrs: ['2001:db8::2/126'] },
    client: { addresses: ['2001:db8::1/126'] },
    endpoint: { addresses: ['2001:db8::2/126'] },
  },
  {
    what: 'host addresses: each needs a link-scope route to the other',
    ip: { srcIpAddrs: ['10.0.0.1/32'], dstIpAddrs: ['10.0.0.0/32'] },
    client: { addresses: ['10.0.0.1/32'], routes: [{ prefix: '10.0.0.0/32' }] },
    endpoint: { addresses: ['10.0.0.0/32'], routes: [{ prefix: '10.0.0.1/32' }] },
  },
  {
    what: "v1's point-to-point IPAM, which lists the other address as a route",
    ip: {
      srcIpAddrs: ['10.0.0.1/32'],
      dstIpAddrs: ['10.0.0.0/32'],
      srcRoutes: [{ prefix: '10.0.0.0/32' }],
      dstRoutes: [{ prefix: '10.0.0.1/32' }],
    },
    client: { addresses: ['10.0.0.1/32'], routes: [{ prefix: '10.0.0.0/32' }] },
    endpoint: { addresses: ['10.0.0.0/32'], routes: [{ prefix: '10.0.0.1/32' }] },
  },
  {
    what: 'a route without a next hop: by the first opposite address of its family',
    ip: {
      srcIpAddrs: ['10.0.0.1/30', '2001:db8::1/126'],
      dstIpAddrs: ['10.0.0.2/30', '2001:db8::2/126'],
      srcRoutes: [{ prefix: '192.168.0.0/16' }, { prefix: 'fd00::/8' }],
    },
    client: {
      addresses: ['10.0.0.1/30', '2001:db8::1/126'],
      routes: [
        { prefix: '192.168.0.0/16', via: '10.0.0.2' },
        { prefix: 'fd00::/8', via: '2001:db8::2' },
      ],
    },
    endpoint: { addresses: ['10.0.0.2/30', '2001:db8::2/126'] },
  },
  {
    what: 'a default route',
    ip: { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'], srcRoutes: [{ prefix: '0.0.0.0/0' }] },
    client: { addresses: ['10.0.0.1/30'], routes: [{ prefix: '0.0.0.0/0', via: '10.0.0.2' }] },
    endpoint: { addresses: ['10.0.0.2/30'] },
  },
  {
    what: 'routes of the endpoint',
    ip: { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'], dstRoutes: [{ prefix: '10.9.0.0/16' }] },
    client: { addresses: ['10.0.0.1/30'] },
    endpoint: { addresses: ['10.0.0.2/30'], routes: [{ prefix: '10.9.0.0/16', via: '10.0.0.1' }] },
  },
  {
    what: 'a route into the prefix of the opposite end: link scope',
    ip: { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.5.0.1/16'], srcRoutes: [{ prefix: '10.5.7.0/24' }] },
    client: {
      addresses: ['10.0.0.1/30'],
      routes: [{ prefix: '10.5.0.1/32' }, { prefix: '10.5.7.0/24' }],
    },
    endpoint: { addresses: ['10.5.0.1/16'], routes: [{ prefix: '10.0.0.1/32' }] },
  },
  {
    what: 'a route of a family in which the opposite end has no address: link scope',
    ip: { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'], srcRoutes: [{ prefix: 'fd00::/8' }] },
    client: { addresses: ['10.0.0.1/30'], routes: [{ prefix: 'fd00::/8' }] },
    endpoint: { addresses: ['10.0.0.2/30'] },
  },
  {
    what: 'an explicit next hop, host bits in a prefix, and a prefix that is repeated',
    ip: {
      srcIpAddrs: ['10.0.0.1/30'],
      dstIpAddrs: ['10.0.0.2/30'],
      srcRoutes: [{ prefix: '172.16.5.5/12', nextHop: '10.0.0.3' }, { prefix: '172.16.0.0/12' }],
    },
    client: { addresses: ['10.0.0.1/30'], routes: [{ prefix: '172.16.0.0/12', via: '10.0.0.3' }] },
    endpoint: { addresses: ['10.0.0.2/30'] },
  },
  {
    what: 'a route to the own network, which the kernel makes by itself',
    ip: { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'], srcRoutes: [{ prefix: '10.0.0.0/30' }] },
    client: { addresses: ['10.0.0.1/30'] },
    endpoint: { addresses: ['10.0.0.2/30'] },
  },
  {
    what: 'neighbours: on each end those that are not its own',
    ip: {
      srcIpAddrs: ['10.0.0.1/30'],
      dstIpAddrs: ['10.0.0.2/30'],
      ipNeighbors: [{ ip: '10.0.0.2', hardwareAddress: '02:00:00:00:00:0A' }],
    },
    client: {
      addresses: ['10.0.0.1/30'],
      neighbours: [{ address: '10.0.0.2', mac: '02:00:00:00:00:0a' }],
    },
    endpoint: { addresses: ['10.0.0.2/30'] },
  },
  {
    what: 'policy routes, of the client alone: link scope without a next hop',
    ip: {
      srcIpAddrs: ['172.16.1.101/32', '172.16.2.201/24'],
      dstIpAddrs: ['172.16.1.100/32'],
      policies: [
        {
          from: '172.16.2.201/24',
          proto: '6',
          dstPort: '6666',
          routes: [{ prefix: '172.16.3.1/24', nextHop: '172.16.2.200' }, { prefix: '172.16.9.0/24' }],
        },
      ],
    },
    client: {
      addresses: ['172.16.1.101/32', '172.16.2.201/24'],
      routes: [{ prefix: '172.16.1.100/32' }],
      policies: [
        {
          from: '172.16.2.0/24',
          protocol: 6,
          destinationPorts: { first: 6666, last: 6666 },
          routes: [{ prefix: '172.16.3.0/24', via: '172.16.2.200' }, { prefix: '172.16.9.0/24' }],
        },
      ],
    },
    endpoint: {
      addresses: ['172.16.1.100/32'],
      routes: [{ prefix: '172.16.1.101/32' }, { prefix: '172.16.2.201/32' }],
    },
  },
  {
    what: 'policies without routes: all packets of the family of the source, or of the own addresses',
    ip: {
      srcIpAddrs: ['10.0.0.1/30', '2001:db8::1/126'],
      dstIpAddrs: ['10.0.0.2/30', '2001:db8::2/126'],
      policies: [{ from: '::/0' }, { srcPort: '6667-6670', proto: 'udp' }],
    },
    client: {
      addresses: ['10.0.0.1/30', '2001:db8::1/126'],
      policies: [
        { routes: [{ prefix: '::/0' }] },
        {
          protocol: 17,
          sourcePorts: { first: 6667, last: 6670 },
          routes: [{ prefix: '0.0.0.0/0' }, { prefix: '::/0' }],
        },
      ],
    },
    endpoint: { addresses: ['10.0.0.2/30', '2001:db8::2/126'] },
  },
  {
    what: 'a policy without routes of a client without addresses: that of IPv4',
    ip: { policies: [{ proto: 'icmp' }] },
    client: { policies: [{ protocol: 1, routes: [{ prefix: '0.0.0.0/0' }] }] },
  },
  {
    what: 'MTU and MACs',
    ip: {},
    rest: { MTU: 1400, ethernetContext: { srcMac: '02:00:00:00:00:01', dstMac: '02:00:00:00:00:02' } },
    client: { mtu: 1400, mac: '02:00:00:00:00:01' },
    endpoint: { mtu: 1400, mac: '02:00:00:00:00:02' },
  },
]

describe('planLinks', () => {
  test('planLinks() joins the client and the endpoint by tagged ends', () => {
    expect(planLinks(exampleCrossConnect({ id: 'x1', source, destination }))).toEqual({
      id: 'x1',
      kind: 'veth',
      ends: [
        {
          netns: { cookie: 11n, inode: 4026532000n, pidHint: 100 },
          name: 'nsm0',
          alias: 'nsm:x1:src',
          addresses: ['10.0.0.1/30'],
          routes: [],
          neighbours: [],
          policies: [],
        },
        {
          netns: { cookie: 22n },
          name: 'nsm-a1b2',
          alias: 'nsm:x1:dst',
          addresses: ['10.0.0.2/30'],
          routes: [],
          neighbours: [],
          policies: [],
        },
      ],
    })
  })

  test.each(understood)('planLinks() understands $what', ({ ip, rest, client, endpoint }) => {
    const plan = planLinks(exampleCrossConnect({ source, destination, context: { ipContext: ip, ...rest } }))
    expect(plan.ends).toEqual([
      { ...source, alias: 'nsm:x1:src', ...nothing, ...client },
      { ...destination, alias: 'nsm:x1:dst', ...nothing, ...endpoint },
    ])
  })

  test('planLinks() reads the context of the destination when the source has none', () => {
    const crossConnect = clone(CrossConnectSchema, exampleCrossConnect({ source, destination }))
    if (crossConnect.source !== undefined) delete crossConnect.source.context
    expect(planLinks(crossConnect).ends.map(({ addresses }) => addresses)).toEqual([
      ['10.0.0.1/30'],
      ['10.0.0.2/30'],
    ])
  })
})
