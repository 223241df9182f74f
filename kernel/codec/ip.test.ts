import { SocketAddress } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalCidr, canonicalNetwork, decodeIp, encodeIp, encodePrefix } from './ip.ts'

describe('encodeIp()', () => {
  test('and decodeIp() agree with the resolver on every address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), address => {
        const family = address.includes(':') ? 'ipv6' : 'ipv4'
        expect(decodeIp(encodeIp(address))).toBe(new SocketAddress({ address, family }).address)
      }),
    )
  })

  test.each([
    { name: 'no address', address: '' },
    { name: 'a byte above 255', address: '10.0.0.256' },
    { name: 'three bytes', address: '10.0.0' },
    { name: 'octal', address: '010.0.0.1' },
    { name: 'two gaps', address: '1::2::3' },
    { name: 'a zone', address: 'fe80::1%eth0' },
  ])('throws EINVAL when it is given $name', ({ address }) => {
    expect(() => encodeIp(address)).toThrow('EINVAL')
  })
})

describe('encodePrefix()', () => {
  test.each(['10.0.0.1', '10.0.0.1/', '10.0.0.1/33', '10.0.0.1/-1', '10.0.0.1/8/8', '::/129', '/8'])(
    'throws EINVAL when it is given "%s"',
    cidr => {
      expect(() => encodePrefix(cidr)).toThrow('EINVAL')
    },
  )
})

describe('canonicalNetwork()', () => {
  test('keeps the network bits and no others, as arithmetic on a big number does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128), (address, most) => {
        const bytes = encodeIp(address)
        const bits = BigInt(bytes.length * 8)
        const length = BigInt(most) % (bits + 1n)
        const network = (BigInt(`0x${bytes.toString('hex')}`) >> (bits - length)) << (bits - length)
        const expected = Buffer.from(network.toString(16).padStart(bytes.length * 2, '0'), 'hex')
        expect(canonicalNetwork(`${address}/${length}`)).toBe(`${decodeIp(expected)}/${length}`)
      }),
    )
  })
})

test('canonicalCidr() writes an address as everybody does', () => {
  expect(canonicalCidr('2001:DB8:0:0::1/64')).toBe('2001:db8::1/64')
  expect(canonicalCidr('::ffff:10.0.0.1/128')).toBe('::ffff:10.0.0.1/128')
})
