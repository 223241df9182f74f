import { create, type MessageInitShape } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requireAddresses, validateContext } from './context.ts'
import {
  ConnectionContextSchema,
  type IPContextSchema,
  IpFamily_Family,
} from './gen/connectioncontext/connectioncontext_pb.ts'

type Init = MessageInitShape<typeof ConnectionContextSchema>
type IpInit = MessageInitShape<typeof IPContextSchema>

function ip(fields: IpInit): Init {
  return { ipContext: fields }
}

const v4 = { family: IpFamily_Family.IPV4 }
const v6 = { family: IpFamily_Family.IPV6 }

const good: readonly { readonly name: string; readonly context: Init }[] = [
  { name: 'nothing at all', context: {} },
  {
    name: 'addresses of both families',
    context: ip({ srcIpAddrs: ['10.0.0.1/30', '2001:db8::1/126'], dstIpAddrs: ['0.0.0.0/0', '::/0'] }),
  },
  {
    name: 'routes with and without a next hop',
    context: ip({ srcRoutes: [{ prefix: '0.0.0.0/0', nextHop: '10.0.0.2' }, { prefix: '::/0' }] }),
  },
  {
    name: 'a neighbour',
    context: ip({ ipNeighbors: [{ ip: 'fe80::1', hardwareAddress: '02:00:00:00:00:0A' }] }),
  },
  {
    name: 'extra prefixes of both families',
    context: ip({
      extraPrefixRequest: [
        { addrFamily: v4, prefixLen: 32, requiredNumber: 1, requestedNumber: 1 },
        { addrFamily: v6, prefixLen: 128, requiredNumber: 1, requestedNumber: 9 },
      ],
    }),
  },
  {
    name: 'a policy route',
    context: ip({
      policies: [
        {
          from: '10.0.0.0/8',
          proto: '6',
          dstPort: '80',
          srcPort: '1024-65535',
          routes: [{ prefix: '0.0.0.0/0' }],
        },
      ],
    }),
  },
  {
    name: 'a policy route of one packet in words',
    context: ip({ policies: [{ proto: 'TCP', dstPort: '1', srcPort: '65535' }] }),
  },
  {
    name: 'a DNS server',
    context: { dnsContext: { configs: [{ dnsServerIps: ['10.0.0.53'], searchDomains: ['example.org'] }] } },
  },
  {
    name: 'an Ethernet context',
    context: { ethernetContext: { srcMac: '02:00:00:00:00:01', vlanTag: 4_094 } },
  },
]

/** The lists of `mostEntries`, list by list. */
const tooMany: readonly (readonly [string, IpInit])[] = [
  ['src_ip_addrs', { srcIpAddrs: many(65, '10.0.0.1/30') }],
  ['dst_ip_addrs', { dstIpAddrs: many(65, '10.0.0.1/30') }],
  ['src_routes', { srcRoutes: many(513, { prefix: '10.0.0.0/8' }) }],
  ['dst_routes', { dstRoutes: many(513, { prefix: '10.0.0.0/8' }) }],
  ['excluded_prefixes', { excludedPrefixes: many(1025, '10.0.0.0/8') }],
  ['ip_neighbors', { ipNeighbors: many(513, { ip: '10.0.0.1', hardwareAddress: '02:00:00:00:00:01' }) }],
  ['extra_prefix_request', { extraPrefixRequest: many(17, {}) }],
  ['extra_prefixes', { extraPrefixes: many(4097, '10.0.0.0/8') }],
  ['policies', { policies: many(65, {}) }],
  ['policies[0].routes', { policies: [{ routes: many(513, { prefix: '10.0.0.0/8' }) }] }],
]

function many<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value)
}

const bad: readonly { readonly name: string; readonly context: Init; readonly says: string }[] = [
  {
    name: 'an address without a length',
    context: ip({ srcIpAddrs: ['10.0.0.1'] }),
    says: 'context.ip_context.src_ip_addrs[0] is "10.0.0.1"; expected a CIDR',
  },
  {
    name: 'a length over 32',
    context: ip({ dstIpAddrs: ['10.0.0.1/30', '10.0.0.1/33'] }),
    says: 'dst_ip_addrs[1]',
  },
  { name: 'a length over 128', context: ip({ dstIpAddrs: ['::1/129'] }), says: 'dst_ip_addrs[0]' },
  { name: 'two lengths', context: ip({ dstIpAddrs: ['10.0.0.1/30/30'] }), says: 'dst_ip_addrs[0]' },
  {
    name: 'a length with a zero in front',
    context: ip({ dstIpAddrs: ['10.0.0.1/08'] }),
    says: 'dst_ip_addrs[0]',
  },
  {
    name: 'an address with a zone',
    context: ip({ dstIpAddrs: ['fe80::1%eth0/64'] }),
    says: 'dst_ip_addrs[0]',
  },
  {
    name: 'a route that is no CIDR',
    context: ip({ srcRoutes: [{ prefix: 'default' }] }),
    says: 'src_routes[0].prefix is "default"',
  },
  {
    name: 'a next hop that is a CIDR',
    context: ip({ dstRoutes: [{ prefix: '::/0', nextHop: '::1/128' }] }),
    says: 'dst_routes[0].nextHop',
  },
  {
    name: 'an excluded prefix that is none',
    context: ip({ excludedPrefixes: [''] }),
    says: 'excluded_prefixes[0] is ""',
  },
  {
    name: 'a neighbour without an address',
    context: ip({ ipNeighbors: [{ hardwareAddress: '02:00:00:00:00:01' }] }),
    says: 'ip_neighbors[0].ip',
  },
  {
    name: 'a neighbour without a MAC',
    context: ip({ ipNeighbors: [{ ip: '10.0.0.1' }] }),
    says: 'ip_neighbors[0].hardware_address',
  },
  {
    name: 'an extra prefix without a family',
    context: ip({ extraPrefixRequest: [{ prefixLen: 24, requiredNumber: 1, requestedNumber: 1 }] }),
    says: 'extra_prefix_request[0].addr_family',
  },
  {
    name: 'an extra prefix of length 0',
    context: ip({ extraPrefixRequest: [{ addrFamily: v4, requiredNumber: 1, requestedNumber: 1 }] }),
    says: 'prefix_len is 0; expected 1 to 32',
  },
  {
    name: 'an extra prefix too long for IPv4',
    context: ip({
      extraPrefixRequest: [{ addrFamily: v4, prefixLen: 33, requiredNumber: 1, requestedNumber: 1 }],
    }),
    says: 'prefix_len is 33; expected 1 to 32',
  },
  {
    name: 'an extra prefix of which none is required',
    context: ip({ extraPrefixRequest: [{ addrFamily: v6, prefixLen: 64, requestedNumber: 1 }] }),
    says: 'required_number is 0; expected 1 to 1',
  },
  {
    name: 'an extra prefix required more often than requested',
    context: ip({
      extraPrefixRequest: [{ addrFamily: v6, prefixLen: 64, requiredNumber: 2, requestedNumber: 1 }],
    }),
    says: 'required_number is 2; expected 1 to 1',
  },
  {
    name: 'an extra prefix that is no CIDR',
    context: ip({ extraPrefixes: ['10.0.0.0'] }),
    says: 'extra_prefixes[0]',
  },
  {
    name: 'a policy with a protocol that nobody knows',
    context: ip({ policies: [{ proto: 'ipx' }] }),
    says: 'policies[0].proto is "ipx"',
  },
  {
    name: 'a policy with a port over 65535',
    context: ip({ policies: [{ dstPort: '65536' }] }),
    says: 'policies[0].dst_port',
  },
  {
    name: 'a policy with a range turned round',
    context: ip({ policies: [{ srcPort: '9-1' }] }),
    says: 'policies[0].src_port',
  },
  {
    name: 'a policy with a bad route',
    context: ip({ policies: [{ routes: [{ prefix: 'x' }] }] }),
    says: 'policies[0].routes[0].prefix',
  },
  {
    name: 'a DNS config without a server',
    context: { dnsContext: { configs: [{ searchDomains: ['a'] }] } },
    says: 'context.dns_context.configs[0].dns_server_ips is []; expected at least one server',
  },
  {
    name: 'a DNS server by name',
    context: { dnsContext: { configs: [{ dnsServerIps: ['ns1'] }] } },
    says: 'configs[0].dns_server_ips[0] is "ns1"',
  },
  {
    name: 'a search domain with a space',
    context: { dnsContext: { configs: [{ dnsServerIps: ['10.0.0.53'], searchDomains: ['a b'] }] } },
    says: 'configs[0].search_domains[0] is "a b"',
  },
  {
    name: 'too many DNS configs',
    context: { dnsContext: { configs: many(65, { dnsServerIps: ['10.0.0.53'] }) } },
    says: 'context.dns_context.configs is a list of 65; expected at most 64 entries',
  },
  ...tooMany.map(([list, fields]) => ({
    name: `too many ${list}`,
    context: ip(fields),
    says: `context.ip_context.${list} is a list of`,
  })),
  {
    name: 'a MAC of five bytes',
    context: { ethernetContext: { dstMac: '02:00:00:00:00' } },
    says: 'context.ethernet_context.dst_mac',
  },
  {
    name: 'a VLAN over 4094',
    context: { ethernetContext: { vlanTag: 4_095 } },
    says: 'vlan_tag is 4095; expected 0 to 4094',
  },
]

describe('validateContext()', () => {
  it.each(good)('accepts $name', ({ context }) => {
    expect(() => validateContext(create(ConnectionContextSchema, context))).not.toThrow()
  })

  it.each(bad)('throws BAD_INPUT naming the field for $name', ({ context, says }) => {
    expect(() => validateContext(create(ConnectionContextSchema, context))).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(says) }),
    )
  })

  it('accepts every address with every length of its family', () => {
    const v4Cidr = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
    const v6Cidr = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }))
    fc.assert(
      fc.property(fc.oneof(v4Cidr, v6Cidr), ([address, length]) => {
        validateContext(create(ConnectionContextSchema, ip({ srcIpAddrs: [`${address}/${length}`] })))
      }),
    )
  })
})

describe('requireAddresses()', () => {
  const both = create(ConnectionContextSchema, ip({ srcIpRequired: true, dstIpRequired: true }))
  const rows: readonly { readonly name: string; readonly answer: Init; readonly says?: string }[] = [
    { name: 'both are there', answer: ip({ srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'] }) },
    {
      name: 'that of the client is missing',
      answer: ip({ dstIpAddrs: ['10.0.0.2/30'] }),
      says: 'src_ip_addrs',
    },
    {
      name: 'that of the endpoint is missing',
      answer: ip({ srcIpAddrs: ['10.0.0.1/30'] }),
      says: 'dst_ip_addrs',
    },
    { name: 'there is no context', answer: {}, says: 'src_ip_addrs' },
  ]

  it.each(rows)('says $says when $name', ({ answer, says }) => {
    const check = (): void => requireAddresses(both, create(ConnectionContextSchema, answer))
    if (says === undefined) expect(check).not.toThrow()
    else
      expect(check).toThrow(
        expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(says) }),
      )
  })

  it('asks for nothing when the request requires nothing', () => {
    expect(() => requireAddresses(undefined, undefined)).not.toThrow()
    expect(() => requireAddresses(create(ConnectionContextSchema), undefined)).not.toThrow()
  })
})
