import { create } from '@bufbuild/protobuf'
import { assert, constantFrom, dictionary, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { parameter } from '#sdk/wire/mechanism.ts'
import { exampleCrossConnect } from './example.ts'
import { planLinks } from './plan.ts'
import type { Parameters } from './tunnel.ts'

const pod = { name: 'nsm0', netns: { cookie: 11n } }
const agreed = {
  src_ip: '192.0.2.1',
  dst_ip: '192.0.2.2',
  src_port: '14789',
  dst_port: '14789',
  vni: '4711',
  MTU: '1450',
}

/** A cross connect with a pod here on one side and the tunnel on the other. */
function crossConnect(remote: 'source' | 'destination', parameters: Parameters, MTU = 0): CrossConnect {
  const context = { MTU, ipContext: { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'] } }
  const whole = exampleCrossConnect({ source: pod, destination: pod, context })
  const end = create(ConnectionSchema, {
    mechanism: { cls: 'REMOTE', type: 'VXLAN', parameters: { ...parameters } },
    context,
  })
  return { ...whole, [remote]: end }
}

describe('planLinks() of a tunnel', () => {
  test.each([
    { remote: 'destination', role: 'src', address: '10.0.0.1/30', local: '192.0.2.1', other: '192.0.2.2' },
    { remote: 'source', role: 'dst', address: '10.0.0.2/30', local: '192.0.2.2', other: '192.0.2.1' },
  ] as const)('makes a device in the pod that is here when the $remote is elsewhere', row => {
    expect(planLinks(crossConnect(row.remote, agreed))).toEqual({
      id: 'x1',
      kind: 'vxlan',
      ends: [
        {
          ...pod,
          alias: `nsm:x1:${row.role}`,
          addresses: [row.address],
          routes: [],
          neighbours: [],
          policies: [],
          mtu: 1450,
        },
      ],
      tunnel: { vni: 4711, local: row.local, remote: row.other, port: 14789 },
    })
  })

  test.each([
    { what: 'the agreed one when nobody asked', asked: 0, MTU: '1450', mtu: 1450 },
    { what: 'the agreed one when more was asked for', asked: 9000, MTU: '1450', mtu: 1450 },
    { what: 'the one that was asked for when it fits', asked: 1300, MTU: '1450', mtu: 1300 },
    { what: 'the one that was asked for when nothing was agreed', asked: 1300, MTU: '', mtu: 1300 },
    { what: "the way's when nobody said any", asked: 0, MTU: '', mtu: undefined },
  ])('has the MTU: $what', ({ asked, MTU, mtu }) => {
    expect(planLinks(crossConnect('destination', { ...agreed, MTU }, asked)).ends[0].mtu).toBe(mtu)
  })

  test('takes IPv6 in any writing, and 14789 when no port is named', () => {
    const six = { src_ip: '2001:DB8:0::1', dst_ip: '2001:db8::2', vni: '1' }
    expect(planLinks(crossConnect('destination', six))).toMatchObject({
      tunnel: { vni: 1, local: '2001:db8::1', remote: '2001:db8::2', port: 14789 },
    })
  })

  const refused: readonly { readonly what: string; readonly change: Parameters; readonly says: RegExp }[] = [
    { what: 'no own address', change: { src_ip: '' }, says: /src_ip is ""; expected a unicast/ },
    { what: 'no other address', change: { dst_ip: '' }, says: /dst_ip is ""/ },
    { what: 'a name for an address', change: { dst_ip: 'node-2' }, says: /dst_ip is "node-2"/ },
    { what: 'a CIDR for an address', change: { dst_ip: '192.0.2.2/24' }, says: /dst_ip is/ },
    { what: 'a multicast address', change: { dst_ip: '239.1.1.1' }, says: /unicast/ },
    { what: 'an IPv6 multicast address', change: { dst_ip: 'ff02::1' }, says: /unicast/ },
    { what: 'a broadcast address', change: { dst_ip: '255.255.255.255' }, says: /unicast/ },
    { what: 'a loopback address', change: { src_ip: '127.0.0.1' }, says: /unicast/ },
    { what: 'no address at all', change: { dst_ip: '0.0.0.0' }, says: /unicast/ },
    { what: 'a link-local address', change: { dst_ip: 'fe80::1' }, says: /unicast/ },
    { what: 'a link-local IPv4 address', change: { dst_ip: '169.254.1.1' }, says: /unicast/ },
    { what: 'an IPv4-mapped address', change: { dst_ip: '::ffff:192.0.2.2' }, says: /unicast/ },
    { what: 'an address with a zone', change: { dst_ip: '2001:db8::1%eth0' }, says: /unicast/ },
    { what: 'different families', change: { dst_ip: '2001:db8::2' }, says: /different families/ },
    { what: 'one node', change: { dst_ip: '192.0.2.1' }, says: /a tunnel joins two/ },
    { what: 'no VNI', change: { vni: '' }, says: /vni is missing/ },
    { what: 'VNI 0', change: { vni: '0' }, says: /vni is "0"; expected a number from 1 to 16777215/ },
    { what: 'a VNI of 25 bits', change: { vni: '16777216' }, says: /16777215/ },
    { what: 'a negative VNI', change: { vni: '-1' }, says: /vni is "-1"/ },
    { what: 'a VNI in hexadecimal', change: { vni: '0x10' }, says: /vni/ },
    { what: 'a VNI with blanks', change: { vni: ' 5' }, says: /vni/ },
    { what: 'a VNI of many digits', change: { vni: '9'.repeat(400) }, says: /vni is "9{80}…"/ },
    { what: 'port 0', change: { dst_port: '0' }, says: /dst_port is "0"; expected a number from 1 to 65535/ },
    { what: 'a port of 17 bits', change: { src_port: '65536' }, says: /src_port/ },
    { what: 'two ports', change: { dst_port: '4789' }, says: /14789 and 4789 differ.*NSM_VXLAN_PORT/ },
    {
      what: 'an MTU below that of IPv4',
      change: { MTU: '67' },
      says: /MTU is "67"; expected a number from 68/,
    },
    { what: 'an MTU above all', change: { MTU: '65536' }, says: /65535/ },
  ]

  test.each(refused)('refuses $what', ({ change, says }) => {
    expect(() => planLinks(crossConnect('destination', { ...agreed, ...change }))).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringMatching(says) }),
    )
  })

  test('refuses an MTU that IPv6 in the pod cannot live with', () => {
    const whole = crossConnect('destination', { ...agreed, MTU: '1230' })
    whole.source?.context?.ipContext?.srcIpAddrs.push('fd00::1/64')
    expect(() => planLinks(whole)).toThrow(/carries 1230 bytes in one piece, and the IPv6.*needs 1280/)
  })

  test('refuses two remote ends', () => {
    const { source } = crossConnect('source', agreed)
    const both = { ...crossConnect('destination', agreed), ...(source === undefined ? {} : { source }) }
    expect(() => planLinks(both)).toThrow(/both its ends are on other nodes/)
  })

  test('throws nothing but NsmError whatever the parameters are', () => {
    const key = constantFrom(...Object.values(parameter))
    const value = oneof(string(), constantFrom(...Object.values(agreed), '2001:db8::1', '65535'))
    assert(
      property(dictionary(key, value), parameters => {
        try {
          planLinks(crossConnect('destination', { ...agreed, ...parameters }))
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(NsmError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
