import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KernelError } from '#kernel/errors.ts'
import { decodeMessages, encodeMessage, type Message } from './message.ts'

const message = fc.record({
  type: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  sequence: fc.nat(0xffff_ffff),
  body: fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
})

/** A second codec, as naive as can be: one number after the other, no shared code. */
function naive(bytes: Uint8Array): readonly Message[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const messages: Message[] = []
  let rest = 0
  while (rest < bytes.length) {
    const length = view.getUint32(rest, true)
    const [type, flags] = [view.getUint16(rest + 4, true), view.getUint16(rest + 6, true)]
    const body = Buffer.from(bytes.slice(rest + 16, rest + length))
    if (length < 16 || body.length !== length - 16) throw new RangeError('length')
    messages.push({ type, flags, sequence: view.getUint32(rest + 8, true), body })
    rest += length
    while (rest % 4 !== 0) rest++
  }
  return messages
}

describe('decodeMessages()', () => {
  test('gives back what encodeMessage() framed, as the naive codec does', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), messages => {
        const bytes = Buffer.concat(messages.map(encodeMessage))
        expect(decodeMessages(bytes)).toEqual(messages)
        expect(naive(bytes)).toEqual(messages)
      }),
    )
  })

  test('agrees with the naive codec on any bytes, and throws nothing but KernelError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(20), (bytes, length) => {
        // A plausible length, so that the body is reached.
        if (bytes.length >= 4) bytes.set([length + 10, 0, 0, 0])
        expect(outcome(() => decodeMessages(Buffer.from(bytes)))).toEqual(outcome(() => naive(bytes)))
      }),
    )
  })
})

function outcome(decode: () => readonly Message[]): unknown {
  try {
    return decode()
  } catch (cause) {
    return cause instanceof KernelError || cause instanceof RangeError ? 'refused' : cause
  }
}
