import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frame, unframe } from './frame.ts'

describe('unframe()', () => {
  it('reads back what frame() wrote', () => {
    fc.assert(
      fc.property(fc.uint8Array(), message => {
        expect(new Uint8Array(unframe(frame(message)))).toEqual(message)
      }),
    )
  })

  it.each([
    { name: 'is empty', body: '' },
    { name: 'ends within the prefix', body: '00000000' },
    { name: 'is compressed', body: '0100000000' },
    { name: 'ends within the message', body: '0000000002aa' },
    { name: 'has more than one message', body: '0000000001aa0000000001bb' },
    { name: 'says that it is larger than allowed', body: '00ffffffffaa' },
  ])('throws BAD_INPUT when the answer $name', ({ body }) => {
    expect(() => unframe(Buffer.from(body, 'hex'))).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }))
  })
})
