import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameReader, opcode } from './websocket-frame.ts'

const sides = fc.constantFrom('client' as const, 'server' as const)

describe('frames of a WebSocket', () => {
  it('come out as they went in, however the bytes are cut', () => {
    const message = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        sides,
        fc.integer({ min: 1, max: 50 }),
        (all, side, cut) => {
          const bytes = Buffer.concat(all.map(payload => encodeFrame(opcode.binary, payload, side)))
          const reader = new FrameReader()
          const read: Buffer[] = []
          for (let at = 0; at < bytes.length; at += cut)
            read.push(...[...reader.push(bytes.subarray(at, at + cut))].map(({ payload }) => payload))
          expect(read).toEqual(all)
        },
      ),
    )
  })

  it.each([0, 125, 126, 65_535, 65_536, 200_000])('carry %i bytes', size => {
    const [frame] = new FrameReader().push(encodeFrame(opcode.binary, Buffer.alloc(size, 7)))
    expect(frame).toMatchObject({ opcode: opcode.binary, end: true })
    expect(frame?.payload.equals(Buffer.alloc(size, 7))).toBe(true)
  })

  it('are as RFC 6455 shows them', () => {
    expect(encodeFrame(opcode.text, Buffer.from('Hello'), 'server').toString('hex')).toBe('810548656c6c6f')
    const masked = Buffer.from('818537fa213d7f9f4d5158', 'hex')
    expect([...new FrameReader().push(masked)]).toEqual([
      { opcode: opcode.text, end: true, payload: Buffer.from('Hello') },
    ])
  })

  it('that are too long are refused', () => {
    expect(() => [...new FrameReader().push(Buffer.from('827f0000010000000000', 'hex'))]).toThrow(
      'longer than',
    )
  })
})
