import { describe, expect, test } from 'vitest'
import { buddyOf, contains, halvesOf, overlaps, parseCidr, parsePrefix, printCidr, sizeOf } from './prefix.ts'

const unreadable = [
  '',
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/08',
  '10.0.0.0/-1',
  'fe80::%1/64',
  'x/8',
  '10.0.0.0/8/8',
]

const overlapping: readonly { a: string; b: string; yes: boolean }[] = [
  { a: '10.10.1.0/24', b: '10.10.1.10/28', yes: true },
  { a: '10.10.1.0/24', b: '10.10.0.0/10', yes: true },
  { a: '10.10.1.0/24', b: '10.10.0.0/24', yes: false },
  { a: '10.32.1.0/16', b: '10.32.0.0/24', yes: true },
  { a: '10.32.1.0/16', b: '10.2.0.0/16', yes: false },
  { a: '::/0', b: '10.0.0.0/8', yes: false },
  { a: '0.0.0.0/0', b: '255.255.255.255/32', yes: true },
]

describe('prefix', () => {
  test('parseCidr() keeps the host bits and parsePrefix() clears them', () => {
    expect(printCidr(parseCidr('10.20.1.10/24'))).toBe('10.20.1.10/24')
    expect(printCidr(parsePrefix('10.20.1.10/24'))).toBe('10.20.1.0/24')
    expect(printCidr(parsePrefix('100::1:2/64'))).toBe('100::/64')
  })

  test.each(unreadable)('parseCidr() refuses "%s" and names it', text => {
    expect(() => parseCidr(text)).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(JSON.stringify(text)) }),
    )
  })

  test('halvesOf() splits 10.10.1.0/24 into its two /25', () => {
    const halves = halvesOf(parsePrefix('10.10.1.0/24'))
    expect(halves.map(printCidr)).toEqual(['10.10.1.0/25', '10.10.1.128/25'])
    expect(halves.map(sizeOf)).toEqual([128n, 128n])
    expect(halves.map(buddyOf)).toEqual(halves.toReversed())
  })

  test.each(overlapping)('overlaps() of $a and $b is $yes', ({ a, b, yes }) => {
    expect(overlaps(parsePrefix(a), parsePrefix(b))).toBe(yes)
    expect(overlaps(parsePrefix(b), parsePrefix(a))).toBe(yes)
  })

  test('contains() holds for a block in itself and not for a larger one', () => {
    expect(contains(parsePrefix('10.0.0.0/8'), parsePrefix('10.0.0.0/8'))).toBe(true)
    expect(contains(parsePrefix('10.0.0.0/8'), parsePrefix('10.0.0.0/7'))).toBe(false)
  })
})
