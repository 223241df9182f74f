import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KernelError } from '#kernel/errors.ts'
import { attribute } from './attribute.ts'
import { decodeFamily, encodeFamilyQuery, encodeGeneric } from './generic.ts'
import { decodeIp } from './ip.ts'
import { encodeWireguardLink } from './link.ts'
import { decodeWireguard, encodeWireguard, encodeWireguardQuery } from './wireguard.ts'

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(value => Buffer.from(value))
const port = fc.integer({ min: 1, max: 65_535 })
const devices = fc.record({
  privateKey: bytes(32),
  port,
  peer: fc.record({ publicKey: bytes(32), address: fc.oneof(bytes(4), bytes(16)).map(decodeIp), port }),
})

const example = {
  privateKey: Buffer.alloc(32, 0xaa),
  port: 51_820,
  peer: { publicKey: Buffer.alloc(32, 0xbb), address: '192.0.2.2', port: 51_821 },
}

const hex = (...parts: readonly string[]) => parts.join('').replaceAll(' ', '')

describe('encodeWireguard()', () => {
  test('is one message: key, port, and one peer with its endpoint, to whom all addresses belong', () => {
    expect(encodeWireguard(7, example).toString('hex')).toBe(
      hex(
        '01 01 0000', // struct genlmsghdr: WG_CMD_SET_DEVICE, version 1
        '08000100 07000000', // WGDEVICE_A_IFINDEX 7
        `24000300 ${'aa'.repeat(32)}`, // WGDEVICE_A_PRIVATE_KEY
        '06000600 6cca 0000', // WGDEVICE_A_LISTEN_PORT 51820
        '08000500 01000000', // WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS
        '98000880', // WGDEVICE_A_PEERS, nested
        '94000080', // the first peer, nested
        `24000100 ${'bb'.repeat(32)}`, // WGPEER_A_PUBLIC_KEY
        '08000300 02000000', // WGPEER_A_FLAGS, WGPEER_F_REPLACE_ALLOWEDIPS
        '14000400 0200 ca6d c0000202 0000000000000000', // WGPEER_A_ENDPOINT 192.0.2.2:51821
        '06000500 1900 0000', // WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL 25
        '48000980', // WGPEER_A_ALLOWEDIPS, nested
        '1c000080 06000100 0200 0000 08000200 00000000 05000300 00 000000', // 0.0.0.0/0
        '28000180 06000100 0a00 0000 14000200', // ::/0
        `${'00'.repeat(16)} 05000300 00 000000`,
      ),
    )
  })

  test('is read back by decodeWireguard()', () => {
    fc.assert(
      fc.property(devices, device => {
        const { privateKey, port: own, peer } = device
        expect(decodeWireguard(encodeWireguard(7, device))).toEqual({ privateKey, port: own, peers: [peer] })
      }),
    )
  })
})

describe('decodeWireguard()', () => {
  test('takes a device that has nothing yet', () => {
    expect(decodeWireguard(encodeWireguardQuery(7))).toEqual({ peers: [] })
  })

  test('throws nothing but KernelError when bytes are wrong or missing', () => {
    const whole = encodeWireguard(7, { ...example, peer: { ...example.peer, address: '2001:db8::2' } })
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const damaged = Buffer.from(whole)
        damaged[at] = byte
        try {
          decodeWireguard(damaged.subarray(0, length))
        } catch (cause) {
          if (!(cause instanceof KernelError)) throw cause
        }
      }),
    )
  })
})

test('encodeWireguardQuery() and encodeFamilyQuery() ask by number and by name', () => {
  expect(encodeWireguardQuery(7).toString('hex')).toBe(hex('00 01 0000', '08000100 07000000'))
  expect(encodeFamilyQuery('wireguard').toString('hex')).toBe(
    hex('03 01 0000', '0e000200 776972656775617264 00 0000'),
  )
})

test('decodeFamily() reads the number, and throws EBADMSG when there is none', () => {
  expect(decodeFamily(encodeGeneric(1, attribute(1, Buffer.of(0x1f, 0))))).toBe(31)
  expect(() => decodeFamily(encodeGeneric(1))).toThrow('EBADMSG')
})

test('encodeWireguardLink() is a link of the kind in another namespace', () => {
  expect(encodeWireguardLink({ name: 'wg0', mtu: 1440, netnsFd: 9 }).toString('hex')).toBe(
    hex(
      '00'.repeat(16),
      '08000300 77673000', // IFLA_IFNAME "wg0"
      '08001b00 6d736e00', // IFLA_GROUP
      '08000400 a0050000', // IFLA_MTU 1440
      '08001c00 09000000', // IFLA_NET_NS_FD 9
      '14001280 0e000100 776972656775617264 00 0000', // IFLA_LINKINFO, IFLA_INFO_KIND "wireguard"
    ),
  )
})
