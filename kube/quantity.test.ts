import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isZero, parseQuantity, sameQuantity } from './quantity.ts'

describe('parseQuantity()', () => {
  it.each([
    { text: '1', billionths: 1_000_000_000n },
    { text: '0', billionths: 0n },
    { text: '250m', billionths: 250_000_000n },
    { text: '0.25', billionths: 250_000_000n },
    { text: '.5', billionths: 500_000_000n },
    { text: '1.', billionths: 1_000_000_000n },
    { text: '1Ki', billionths: 1024_000_000_000n },
    { text: '1.5Gi', billionths: 1_610_612_736_000_000_000n },
    { text: '1k', billionths: 1000_000_000_000n },
    { text: '2e3', billionths: 2000_000_000_000n },
    { text: '2E-3', billionths: 2_000_000n },
    { text: '-1', billionths: -1_000_000_000n },
    { text: '0.1n', billionths: 1n },
    { text: '5E', billionths: 5n * 10n ** 27n },
  ])('reads $text', ({ text, billionths }) => {
    expect(parseQuantity(text)).toBe(billionths)
  })

  it.each(['', ' 1', '1 ', 'one', '1Kb', '1ki', '1e999', '--1', '1e', '.', '0x10', '1'.repeat(41)])(
    'takes %j for no quantity',
    text => {
      expect(parseQuantity(text)).toBeUndefined()
    },
  )

  it('takes a thousand milli for one of whatever number', () => {
    fc.assert(
      fc.property(fc.nat(), number => sameQuantity(`${number}`, `${number}000m`)),
      { seed: 1 },
    )
  })
})

describe('isZero()', () => {
  it('says of every quantity what its amount says, down to a billionth', () => {
    const digits = fc.stringMatching(/^[0-9]{1,4}(\.[0-9]{0,4})?$/)
    const suffix = fc.constantFrom('', 'k', 'Ki', 'E', 'Ei', 'e3', 'E-2', 'm')
    fc.assert(
      fc.property(
        digits,
        suffix,
        (number, unit) => isZero(number + unit) === (parseQuantity(number + unit) === 0n),
      ),
      { seed: 1 },
    )
  })

  it.each(['0', '0.0', '0e5', '00m', 0])('of %s is true', text => {
    expect(isZero(text)).toBe(true)
  })
})

describe('sameQuantity()', () => {
  it.each([
    { one: '1', other: 1, same: true },
    { one: '1000m', other: '1', same: true },
    { one: '1Gi', other: '1024Mi', same: true },
    { one: '1G', other: '1Gi', same: false },
    { one: 'x', other: 'x', same: true },
    { one: 'x', other: '1', same: false },
  ])('of $one and $other is $same', ({ one, other, same }) => {
    expect(sameQuantity(one, other)).toBe(same)
  })
})
