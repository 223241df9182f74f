import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFields, FieldDecoder, fieldsLimit } from './hpack.ts'
import { staticTable } from './static-table.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const compression = expect.objectContaining({ code: 9 })

describe('FieldDecoder', () => {
  /** RFC 7541, appendix C.3, C.4 and C.6: blocks of one connection, in order. */
  const examples = [
    {
      name: 'without Huffman codes',
      blocks: [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    },
    {
      name: 'with Huffman codes',
      blocks: [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    },
  ]
  it.each(examples)('reads the requests of RFC 7541 $name', ({ blocks }) => {
    const decoder = new FieldDecoder()
    const read = blocks.map(block => Object.fromEntries(decoder.decode(hex(block))))
    const common = { ':method': 'GET', ':authority': 'www.example.com' }
    expect(read).toEqual([
      { ...common, ':scheme': 'http', ':path': '/' },
      { ...common, ':scheme': 'http', ':path': '/', 'cache-control': 'no-cache' },
      { ...common, ':scheme': 'https', ':path': '/index.html', 'custom-key': 'custom-value' },
    ])
  })

  it('evicts what does not fit a table that is made smaller', () => {
    const decoder = new FieldDecoder()
    decoder.decode(hex('4001 6101 62'))
    expect(decoder.decode(hex('be'))).toEqual(new Map([['a', 'b']]))
    decoder.decode(hex('20'))
    expect(() => decoder.decode(hex('be'))).toThrow(compression)
  })

  it.each([
    { name: 'has an index that is not in the table', block: 'be' },
    { name: 'has the index zero', block: '80' },
    { name: 'ends within a string', block: '4005 6162' },
    { name: 'ends within an integer', block: '7f' },
    { name: 'has an integer that never ends', block: '7f ffff ffff ff' },
    { name: 'asks for a larger table than agreed', block: '3fe2 1f' },
    { name: 'has Huffman padding of zeros', block: '4081 18 00' },
    { name: 'has more than a byte of padding', block: '4082 1fff 00' },
    { name: 'has the end of a string within it', block: '4084 ffff ffff 00' },
  ])('throws when a block $name', ({ block }) => {
    expect(() => new FieldDecoder().decode(hex(block))).toThrow(compression)
  })

  it('throws when few bytes stand for many', () => {
    const decoder = new FieldDecoder()
    decoder.decode(encodeIndexed('x', 'y'.repeat(3_000)))
    expect(() => decoder.decode(Buffer.alloc(fieldsLimit / 3_000 + 1, 0xbe))).toThrow(
      expect.objectContaining({ code: 11 }),
    )
  })

  it('throws nothing but its own error, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        try {
          new FieldDecoder().decode(Buffer.from(bytes))
        } catch (thrown) {
          expect(thrown).toHaveProperty('name', 'Http2Error')
        }
      }),
    )
  })
})

describe('encodeFields()', () => {
  it('is read back', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 300 })
    const name = fc.oneof(text, fc.constantFrom(...staticTable.map(([known]) => known)))
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key }), fields => {
        expect([...new FieldDecoder().decode(encodeFields(fields))]).toEqual(fields)
      }),
    )
  })
})

/** A literal that the other side is to remember; both strings are short of 127 or need one more byte. */
function encodeIndexed(name: string, value: string): Buffer {
  const [literal = 0, ...rest] = encodeFields([[name, value]])
  return Buffer.from([literal | 0x40, ...rest])
}
