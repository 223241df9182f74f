import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KernelError } from '#kernel/errors.ts'
import { decodeAck } from './ack.ts'
import { decodeAddress, encodeAddress } from './address.ts'
import { decodeLink, encodeVeth, encodeVxlan } from './link.ts'
import { nlmsg } from './message.ts'
import { decodeNeighbour, encodeNeighbour } from './neighbour.ts'
import { decodeNsid, encodeNsid } from './nsid.ts'
import { decodePath } from './path.ts'
import { decodePlacedRoute, decodeRoute, encodeRoute } from './route.ts'
import { decodeRule, encodeRule } from './rule.ts'

const mac = '02:00:00:00:00:01'
const route = { prefix: '10.9.0.0/16', via: '10.0.0.2', source: '10.0.0.1' }
const rule = {
  family: 'ipv4',
  from: '10.0.0.0/8',
  protocol: 6,
  destinationPorts: { first: 80, last: 90 },
  table: 300,
  priority: 9,
  owner: 0x4000_0001,
} as const
const veth = encodeVeth({ name: 'a', mtu: 1400 }, { name: 'b', mac, netnsFd: 7 })
const tunnel = { vni: 5, local: '192.0.2.1', remote: '192.0.2.2', port: 14789 }
const vxlan = encodeVxlan({ name: 'a', netnsFd: 7 }, tunnel)
const path = '022000000000000000000000080004000300000008000700c00002010c0008800800020078050000'
const ack = (flags: number) => (body: Buffer) => decodeAck({ type: nlmsg.error, flags, sequence: 0, body })

const rows = [
  { name: 'decodeLink', decode: decodeLink, valid: veth },
  { name: 'decodeLink, a tunnel', decode: decodeLink, valid: vxlan },
  { name: 'decodePath', decode: decodePath, valid: Buffer.from(path, 'hex') },
  { name: 'decodeAddress', decode: decodeAddress, valid: encodeAddress(1, '2001:db8::1/64') },
  { name: 'decodeRoute', decode: decodeRoute, valid: encodeRoute(1, route) },
  {
    name: 'decodePlacedRoute',
    decode: decodePlacedRoute,
    valid: encodeRoute(1, { ...route, table: 300 }, 7),
  },
  { name: 'decodeRule', decode: decodeRule, valid: encodeRule(rule) },
  {
    name: 'decodeNeighbour',
    decode: decodeNeighbour,
    valid: encodeNeighbour(1, { address: '10.0.0.2', mac }),
  },
  { name: 'decodeNsid', decode: decodeNsid, valid: encodeNsid(3) },
  { name: 'decodeAck, plain', decode: ack(0), valid: Buffer.alloc(20) },
  { name: 'decodeAck, with sentence', decode: ack(0x200), valid: Buffer.alloc(28, 4) },
  { name: 'decodeAck, capped', decode: ack(0x300), valid: Buffer.alloc(28) },
]

describe.each(rows)('$name()', ({ decode, valid }) => {
  test('throws nothing but KernelError when the bytes are arbitrary', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), bytes => onlyKernelErrors(decode, Buffer.from(bytes))),
    )
  })

  test('throws nothing but KernelError when one byte of a valid message is wrong or the end is missing', () => {
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length), (at, byte, length) => {
        const bytes = Buffer.from(valid)
        bytes[at] = byte
        onlyKernelErrors(decode, bytes.subarray(0, length))
      }),
    )
  })
})

test('encoders and decoders agree on what both know', () => {
  expect(decodeAddress(encodeAddress(1, '10.0.0.1/30'))).toEqual({ cidr: '10.0.0.1/30', origin: 'ours' })
  expect(decodeRoute(routeAsTold())).toEqual({ ...route, origin: 'ours' })
  expect(decodeNeighbour(encodeNeighbour(1, { address: '2001:DB8::1', mac }))).toEqual({
    address: '2001:db8::1',
    mac,
    origin: 'ours',
  })
  expect(decodeLink(veth)).toMatchObject({ name: 'a', mtu: 1400, kind: 'veth', admin: 'down' })
})

test('decodeAck() reads the sentence of the kernel after the header of the request', () => {
  const sentence = Buffer.from('0a000100486579210000'.padEnd(24, '0'), 'hex')
  const refusal = Buffer.concat([Buffer.from('eaffffff', 'hex'), Buffer.alloc(16), sentence])
  expect(ack(0x300)(refusal)).toEqual({ errno: 22, says: 'Hey!' })
})

/** The kernel tells the table as an attribute as well (RTA_TABLE). */
function routeAsTold(): Buffer {
  return Buffer.concat([encodeRoute(1, route), Buffer.from('08000f00fe000000', 'hex')])
}

function onlyKernelErrors(decode: (bytes: Buffer) => unknown, bytes: Buffer): void {
  try {
    decode(bytes)
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause
  }
}
