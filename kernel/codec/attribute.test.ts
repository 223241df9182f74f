import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attribute, decodeAttributes, nested } from './attribute.ts'

const attributes = fc.uniqueArray(
  fc.tuple(
    fc.nat(0x3fff),
    fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes)),
  ),
  { maxLength: 6, selector: ([type]) => type },
)

/** A second codec: hex text instead of bytes. */
function naive(entries: readonly (readonly [number, Buffer])[]): string {
  return entries
    .map(([type, value]) => {
      const length = (value.length + 4).toString(16).padStart(4, '0')
      const name = type.toString(16).padStart(4, '0')
      const hex = `${length.slice(2)}${length.slice(0, 2)}${name.slice(2)}${name.slice(0, 2)}${value.toString('hex')}`
      return hex.padEnd(Math.ceil(hex.length / 8) * 8, '0')
    })
    .join('')
}

describe('attribute()', () => {
  test('writes what the naive codec writes', () => {
    fc.assert(
      fc.property(attributes, entries => {
        const bytes = Buffer.concat(entries.map(([type, value]) => attribute(type, value)))
        expect(bytes.toString('hex')).toBe(naive(entries))
      }),
    )
  })

  test('is read back by decodeAttributes(), nested too', () => {
    fc.assert(
      fc.property(attributes, entries => {
        const inner = entries.map(([type, value]) => attribute(type, value))
        const outer = decodeAttributes(nested(7, ...inner)).get(7) ?? Buffer.alloc(0)
        expect([...decodeAttributes(outer)]).toEqual(entries)
      }),
    )
  })
})

describe('decodeAttributes()', () => {
  test.each([
    { name: 'a length below the header', hex: '03000100' },
    { name: 'a length of zero', hex: '00000100' },
    { name: 'a length beyond the end', hex: '0900010000000000' },
  ])('throws EBADMSG when it finds $name', ({ hex }) => {
    expect(() => decodeAttributes(Buffer.from(hex, 'hex'))).toThrow('EBADMSG')
  })
})
