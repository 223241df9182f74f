import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frame, MessageReader } from './frame.ts'

describe('MessageReader', () => {
  it('reads back what frame() wrote, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.array(fc.nat(40)), (messages, cuts) => {
        const reader = new MessageReader()
        let rest = Buffer.concat(messages.map(frame))
        const read: Uint8Array[] = []
        for (const cut of [...cuts, rest.length]) {
          read.push(...reader.push(rest.subarray(0, cut)).map(message => new Uint8Array(message)))
          rest = rest.subarray(cut)
        }
        expect(read).toEqual(messages)
        expect(reader.rest).toBe(0)
      }),
    )
  })

  it.each([
    { name: 'is compressed', body: '0100000000' },
    { name: 'says that it is larger than allowed', body: '00ffffffffaa' },
  ])('throws BAD_INPUT when a message $name', ({ body }) => {
    expect(() => new MessageReader().push(Buffer.from(body, 'hex'))).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT' }),
    )
  })
})
