import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeAttributes } from './attribute.ts'
import { decodeIp } from './ip.ts'
import { decodeLink, encodeProbe, encodeVxlan } from './link.ts'
import { decodePath, encodePathQuery } from './path.ts'
import { decodeTunnel, encodeTunnel } from './vxlan.ts'

const ip = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(bytes => decodeIp(Buffer.from(bytes)))
const addresses = fc.oneof(fc.tuple(ip(4), ip(4)), fc.tuple(ip(16), ip(16)))
const tunnels = fc
  .tuple(addresses, fc.integer({ min: 1, max: 0xff_ffff }), fc.integer({ min: 1, max: 65_535 }))
  .map(([[local, remote], vni, port]) => ({ vni, local, remote, port }))

/** A second codec: hex text; little-endian but for addresses and ports. */
function naive(at: { vni: number; local: string; remote: string; port: number }): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
  const little = (text: string) => (text.match(/../g) ?? []).toReversed().join('')
  const one = (type: number, value: string) =>
    `${little(hex(value.length / 2 + 4, 4))}${little(hex(type, 4))}${value}`.padEnd(
      8 + Math.ceil(value.length / 8) * 8,
      '0',
    )
  const six = at.local.includes(':')
  const bytes = (text: string) =>
    six
      ? sixteen(text)
      : text
          .split('.')
          .map(part => hex(Number(part), 2))
          .join('')
  return [
    one(1, little(hex(at.vni, 8))),
    one(six ? 17 : 4, bytes(at.local)),
    one(six ? 16 : 2, bytes(at.remote)),
    one(15, hex(at.port, 4)),
    one(5, '40'),
    one(7, '00'),
    one(18, '01'),
    one(19, '00'),
    one(20, '00'),
    one(29, '01'),
  ].join('')
}

/** Thirty-two digits of an IPv6 address, whose last 32 bits may be written as IPv4. */
function sixteen(address: string): string {
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: readonly string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number)
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [front = '', back] = plain.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':')).map(group => group.padStart(4, '0'))
  if (back === undefined) return groups(front).join('')
  const zeros = 8 - groups(front).length - groups(back).length
  return [...groups(front), ...Array.from({ length: zeros }, () => '0000'), ...groups(back)].join('')
}

describe('encodeTunnel()', () => {
  test('writes what the naive codec writes', () => {
    fc.assert(
      fc.property(tunnels, tunnel => {
        expect(encodeTunnel(tunnel).toString('hex')).toBe(naive(tunnel))
      }),
    )
  })

  test('is read back by decodeTunnel()', () => {
    fc.assert(
      fc.property(tunnels, tunnel => {
        expect(decodeTunnel(encodeTunnel(tunnel))).toEqual({ tunnel, vxlanPort: tunnel.port })
      }),
    )
  })

  test('says no more than a tunnel: a device that learns, or of a group, is none, and has a port', () => {
    expect(decodeTunnel(Buffer.from('080001006712000006000f0039c50000', 'hex'))).toEqual({
      vxlanPort: 14_789,
    })
  })
})

const tunnel = { vni: 4711, local: '192.0.2.1', remote: '192.0.2.2', port: 14789 }

test('encodeVxlan() is one message: name, group, MTU and MAC at birth, the namespace, and the tunnel', () => {
  const birth = { name: 'nsm0', mtu: 1450, mac: '02:00:00:00:00:01', netnsFd: 9 }
  expect(encodeVxlan(birth, tunnel).toString('hex')).toBe(
    [
      '00000000000000000000000000000000', // struct ifinfomsg
      '09000300 6e736d3000 000000', // IFLA_IFNAME "nsm0"
      '08001b00 6d736e00', // IFLA_GROUP
      '08000400 aa050000', // IFLA_MTU 1450
      '0a000100 020000000001 0000', // IFLA_ADDRESS
      '08001c00 09000000', // IFLA_NET_NS_FD 9
      '64001280', // IFLA_LINKINFO, nested
      '0a000100 76786c616e00 0000', // IFLA_INFO_KIND "vxlan"
      '54000280', // IFLA_INFO_DATA, nested
      '08000100 67120000', // IFLA_VXLAN_ID 4711
      '08000400 c0000201', // IFLA_VXLAN_LOCAL
      '08000200 c0000202', // IFLA_VXLAN_GROUP
      '06000f00 39c5 0000', // IFLA_VXLAN_PORT, big-endian
      '05000500 40 000000', // IFLA_VXLAN_TTL 64
      '05000700 00 000000', // IFLA_VXLAN_LEARNING off
      '05001200 01 000000', // IFLA_VXLAN_UDP_CSUM on
      '05001300 00 000000', // IFLA_VXLAN_UDP_ZERO_CSUM6_TX off
      '05001400 00 000000', // IFLA_VXLAN_UDP_ZERO_CSUM6_RX off
      '05001d00 01 000000', // IFLA_VXLAN_DF set
    ]
      .join('')
      .replaceAll(' ', ''),
  )
  expect(decodeLink(encodeVxlan(birth, tunnel))).toMatchObject({
    name: 'nsm0',
    kind: 'vxlan',
    mtu: 1450,
    tunnel,
  })
})

test('encodeProbe() asks for a size that no kind has', () => {
  const attributes = decodeAttributes(encodeProbe('wireguard').subarray(16))
  expect(attributes.get(4)?.toString('hex')).toBe('ffffffff')
})

test.each([
  { to: '192.0.2.2', from: '192.0.2.1', hex: '0220200000000000000000000800 0100c0000202 08000200c0000201' },
  { to: '192.0.2.2', from: undefined, hex: '0220000000000000000000000800 0100c0000202' },
  {
    to: '2001:db8::2',
    from: undefined,
    hex: '0a80000000000000000000001400 010020010db8000000000000000000000002',
  },
])('encodePathQuery() to $to from $from', ({ to, from, hex }) => {
  expect(encodePathQuery(to, from).toString('hex')).toBe(hex.replaceAll(' ', ''))
})

test('decodePath() reads interface, source and the MTU of the way', () => {
  const answer = Buffer.from(
    ['022000000000000000000000', '0800040003000000', '08000700c0000201', '0c000880', '0800020078050000']
      .join('')
      .replaceAll(' ', ''),
    'hex',
  )
  expect(decodePath(answer)).toEqual({ index: 3, source: '192.0.2.1', mtu: 1400 })
})
