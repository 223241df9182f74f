import { clone, create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { array, assert, nat, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import {
  type ConnectionContext,
  ConnectionContextSchema,
  EthernetContextSchema,
  IpNeighborSchema,
  PolicyRouteSchema,
  RouteSchema,
} from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { type CrossConnect, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleCrossConnect } from './example.ts'
import { planLinks } from './plan.ts'

const source = { name: 'nsm0', netns: { cookie: 11n, inode: 4026532000n, pidHint: 100 } }
const destination = { name: 'nsm-a1b2', netns: { cookie: 22n } }

interface Refused {
  readonly what: string
  readonly change: (crossConnect: CrossConnect, context: ConnectionContext) => void
  /** Default BAD_INPUT. */
  readonly code?: 'UNSUPPORTED'
  readonly says: RegExp
}

/** `change` makes a good cross connect bad. */
const refused: readonly Refused[] = [
  { what: 'an empty id', change: it => void (it.id = ''), says: /1 to 247 bytes/ },
  {
    what: 'an id that no alias can hold',
    change: it => void (it.id = 'ü'.repeat(124)),
    says: /1 to 247 bytes/,
  },
  { what: 'an id with a control character', change: it => void (it.id = 'a\nb'), says: /control/ },
  { what: 'another payload', change: it => void (it.payload = 'MPLS'), code: 'UNSUPPORTED', says: /"MPLS"/ },
  { what: 'no source', change: it => delete it.source, says: /source: it has no mechanism/ },
  { what: 'no destination', change: it => delete it.destination, says: /destination: it has no mechanism/ },
  {
    what: 'another remote mechanism',
    change: mechanism({ cls: 'REMOTE', type: 'GRE' }),
    code: 'UNSUPPORTED',
    says: /"REMOTE GRE"/,
  },
  {
    what: 'another local mechanism',
    change: mechanism({ type: 'MEMIF' }),
    code: 'UNSUPPORTED',
    says: /MEMIF/,
  },
  { what: 'no interface name', change: parameter('name', ''), says: /name is ""/ },
  {
    what: 'an interface name of 16 bytes',
    change: parameter('name', 'a234567890123456'),
    says: /1 to 15 bytes/,
  },
  { what: 'an interface name with a slash', change: parameter('name', 'a/b'), says: /"a\/b"/ },
  { what: 'no namespace', change: parameter('netnsCookie', ''), says: /netnsCookie is missing/ },
  {
    what: 'ends in one namespace',
    change: parameter('netnsCookie', '22'),
    says: /both its ends are in network namespace 22/,
  },
  {
    what: 'an address without a prefix length',
    change: (_, { ipContext: ip }) => ip?.srcIpAddrs.push('10.0.0.9'),
    says: /src_ip_addrs: "10.0.0.9" is no CIDR/,
  },
  {
    what: 'a prefix length beyond the family',
    change: (_, { ipContext: ip }) => ip?.dstIpAddrs.push('10.0.0.9/33'),
    says: /dst_ip_addrs: "10.0.0.9\/33"/,
  },
  {
    what: 'a loopback address',
    change: (_, { ipContext: ip }) => ip?.srcIpAddrs.push('127.0.0.1/8'),
    says: /127.0.0.1\/8 is no address/,
  },
  {
    what: 'an IPv4-mapped address',
    change: (_, { ipContext: ip }) => ip?.srcIpAddrs.push('::ffff:10.0.0.1/128'),
    says: /is no address/,
  },
  {
    what: 'a multicast address',
    change: (_, { ipContext: ip }) => ip?.srcIpAddrs.push('ff02::1/64'),
    says: /is no address/,
  },
  {
    what: 'one address on both ends',
    change: (_, { ipContext: ip }) => ip?.dstIpAddrs.push('10.0.0.1/24'),
    says: /10.0.0.1 stands in it twice/,
  },
  {
    what: 'too many addresses',
    change: (_, { ipContext: ip }) => ip?.srcIpAddrs.push(...many(64)),
    says: /65 entries; at most 64/,
  },
  {
    what: 'a malformed route',
    change: (_, { ipContext: ip }) => ip?.srcRoutes.push(route('10.0.0.0')),
    says: /src_routes: "10.0.0.0" is no CIDR/,
  },
  {
    what: 'a next hop of the other family',
    change: (_, { ipContext: ip }) => ip?.dstRoutes.push(route('10.0.0.0/8', 'fd00::1')),
    says: /expected a unicast IPv4/,
  },
  {
    what: 'a malformed next hop',
    change: (_, { ipContext: ip }) => ip?.dstRoutes.push(route('10.0.0.0/8', 'gw')),
    says: /next hop of 10.0.0.0\/8: "gw"/,
  },
  {
    what: 'two MACs for one neighbour',
    change: (_, { ipContext: ip }) =>
      ip?.ipNeighbors.push(
        neighbour('10.0.0.2', '02:00:00:00:00:01'),
        neighbour('10.0.0.2', '02:00:00:00:00:02'),
      ),
    says: /ip_neighbors: it has two MACs for 10.0.0.2/,
  },
  {
    what: 'a multicast neighbour',
    change: (_, { ipContext: ip }) => ip?.ipNeighbors.push(neighbour('224.0.0.1', '02:00:00:00:00:01')),
    says: /"224.0.0.1" is no address that a neighbour may have/,
  },
  {
    what: 'an MTU below that of IPv4',
    change: (_, context) => void (context.MTU = 67),
    says: /MTU: it is 67; expected 68 to 65535/,
  },
  { what: 'an MTU above all', change: (_, context) => void (context.MTU = 65_536), says: /65536/ },
  {
    what: 'an MTU below that of IPv6',
    change: (_, context) => {
      context.MTU = 1279
      context.ipContext?.srcIpAddrs.push('fd00::1/64')
    },
    says: /expected 1280/,
  },
  {
    what: 'a group MAC',
    change: (_, context) => void (context.ethernetContext = ethernet({ srcMac: '01:00:00:00:00:01' })),
    says: /src_mac: "01:00/,
  },
  {
    what: 'a VLAN tag',
    change: (_, context) => void (context.ethernetContext = ethernet({ vlanTag: 5 })),
    code: 'UNSUPPORTED',
    says: /VLAN/,
  },
  {
    what: 'a policy from what is no CIDR',
    change: policy({ from: '10.0.0.1' }),
    says: /policies\[0\]: from: "10.0.0.1"/,
  },
  { what: 'a policy for no protocol', change: policy({ proto: '0' }), says: /proto: "0" is no IP protocol/ },
  { what: 'a policy for no port', change: policy({ dstPort: '80,81' }), says: /dst_port: "80,81"/ },
  {
    what: 'a policy for ports in the wrong order',
    change: policy({ srcPort: '90-80' }),
    says: /src_port: "90-80"/,
  },
  {
    what: 'a policy for a port that no rule can name',
    change: policy({ srcPort: '1024-65535' }),
    code: 'UNSUPPORTED',
    says: /ports 1 to 65534, not "1024-65535"/,
  },
  {
    what: 'a policy whose route is of the other family',
    change: policy({ from: '10.0.0.0/8', routes: [route('::/0')] }),
    says: /from "10.0.0.0\/8" and has the route ::\/0/,
  },
  {
    what: 'a policy with a bad next hop',
    change: policy({ routes: [route('10.9.0.0/16', 'fd00::1')] }),
    says: /policies\[0\]: routes: the next hop/,
  },
  {
    what: 'two policies for the same packets',
    change: policy({ proto: 'tcp', from: '10.0.0.1/8' }, { proto: '6', from: '10.0.0.2/8' }),
    says: /same packets, from 10.0.0.0\/8 ipproto 6/,
  },
  {
    what: 'too many policies',
    change: policy(...Array.from({ length: 65 }, (_, at) => ({ dstPort: `${at + 1}` }))),
    says: /policies: it has 65 entries; at most 64/,
  },
]

describe('planLinks refusals', () => {
  test.each(refused)('planLinks() refuses $what', ({ change, code = 'BAD_INPUT', says }) => {
    const crossConnect = clone(CrossConnectSchema, exampleCrossConnect({ source, destination }))
    change(crossConnect, crossConnect.source?.context ?? create(ConnectionContextSchema))
    expect(() => planLinks(crossConnect)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(says) }),
    )
  })

  test('planLinks() throws nothing but NsmError whatever comes over the wire', () => {
    const whole = toBinary(CrossConnectSchema, exampleCrossConnect({ source, destination }))
    const damage = record({ at: nat(whole.length - 1), byte: nat(255) })
    assert(
      property(array(damage, { minLength: 1, maxLength: 4 }), places => {
        const bytes = Uint8Array.from(whole)
        for (const { at, byte } of places) bytes[at] = byte
        const crossConnect = decoded(bytes)
        if (crossConnect === undefined) return
        try {
          planLinks(crossConnect)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(NsmError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

function decoded(bytes: Uint8Array): CrossConnect | undefined {
  try {
    return fromBinary(CrossConnectSchema, bytes)
  } catch {
    return undefined // damaged beyond protobuf: rpc refuses it
  }
}

function mechanism(change: { readonly cls?: string; readonly type: string }): Refused['change'] {
  return ({ source: end }) =>
    void (end?.mechanism === undefined ? undefined : Object.assign(end.mechanism, change))
}

function parameter(key: string, value: string): Refused['change'] {
  return ({ source: end }) =>
    void (end?.mechanism === undefined ? undefined : (end.mechanism.parameters[key] = value))
}

function neighbour(ip: string, hardwareAddress: string) {
  return create(IpNeighborSchema, { ip, hardwareAddress })
}

function policy(...policies: readonly MessageInitShape<typeof PolicyRouteSchema>[]): Refused['change'] {
  return (_, { ipContext }) =>
    void ipContext?.policies.push(...policies.map(init => create(PolicyRouteSchema, init)))
}

function route(prefix: string, nextHop = '') {
  return create(RouteSchema, { prefix, nextHop })
}

function ethernet(init: MessageInitShape<typeof EthernetContextSchema>) {
  return create(EthernetContextSchema, init)
}

function many(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `10.1.0.${at + 1}/32`)
}
