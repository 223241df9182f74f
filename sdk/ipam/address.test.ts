import { SocketAddress } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAddress, printAddress } from './address.ts'

const printed: readonly { text: string; canonical: string }[] = [
  { text: '0.0.0.0', canonical: '0.0.0.0' },
  { text: '10.60.1.255', canonical: '10.60.1.255' },
  { text: '::', canonical: '::' },
  { text: '::1', canonical: '::1' },
  { text: '100::', canonical: '100::' },
  { text: '2001:DB8:0:0:1:0:0:1', canonical: '2001:db8::1:0:0:1' },
  { text: '2001:db8:0:1:1:1:1:1', canonical: '2001:db8:0:1:1:1:1:1' },
  { text: '1:0:0:2:0:0:0:3', canonical: '1:0:0:2::3' },
  { text: '::ffff:1.2.3.4', canonical: '::ffff:102:304' },
  { text: '1:2:3:4:5:6:7::', canonical: '1:2:3:4:5:6:7:0' },
]

const unreadable = [
  '',
  '10.0.0',
  '10.0.0.256',
  '010.0.0.1',
  ' 10.0.0.1',
  '::g',
  '1::2::3',
  'fe80::1%eth0',
  '1:2:3',
]

describe('address', () => {
  test.each(printed)('printAddress() writes $text as $canonical', ({ text, canonical }) => {
    const address = parseAddress(text)
    expect(address && printAddress(address)).toBe(canonical)
  })

  test.each(unreadable)('parseAddress() gives undefined for "%s"', text => {
    expect(parseAddress(text)).toBeUndefined()
  })

  test('parseAddress() reads back what printAddress() wrote, for every address', () => {
    fc.assert(
      fc.property(addresses, address => {
        expect(parseAddress(printAddress(address))).toEqual(address)
      }),
    )
  })

  test('printAddress() writes the address that the system reads', () => {
    fc.assert(
      fc.property(fc.ipV6(), text => {
        const address = parseAddress(text)
        const ours = address === undefined ? '' : printAddress(address)
        const canonical = (some: string) => new SocketAddress({ address: some, family: 'ipv6' }).address
        expect(canonical(ours)).toBe(canonical(text))
      }),
    )
  })
})

const addresses = fc.oneof(
  fc.record({ family: fc.constant(4 as const), value: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }) }),
  fc.record({ family: fc.constant(6 as const), value: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }) }),
)
