import { malformed, zeroed } from './value.ts'

/** A netlink message without its framing. */
export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly body: Buffer
}

const headerLength = 16

/** Types of netlink itself (linux/netlink.h). */
export const nlmsg = { error: 2, done: 3, overrun: 4 } as const

/** Request flags (linux/netlink.h). */
export const flag = {
  request: 0x1,
  ack: 0x4,
  echo: 0x8,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const

/** Flags of answers (linux/netlink.h). */
export const answerFlag = { dumpInterrupted: 0x10, capped: 0x100, acknowledgementTlvs: 0x200 } as const

/**
 * Frames one message.
 *
 * struct nlmsghdr: len u32 @0 (with header, without padding), type u16 @4, flags u16 @6, seq u32 @8, pid u32 @12.
 * Messages start at multiples of 4.
 */
export function encodeMessage({ type, flags, sequence, body }: Message): Buffer {
  const bytes = zeroed(headerLength + align4(body.length))
  bytes.writeUInt32LE(headerLength + body.length, 0)
  bytes.writeUInt16LE(type, 4)
  bytes.writeUInt16LE(flags, 6)
  bytes.writeUInt32LE(sequence, 8)
  body.copy(bytes, headerLength)
  return bytes
}

/** Takes one datagram apart; bodies share its memory. Throws KernelError EBADMSG. */
export function decodeMessages(bytes: Buffer): readonly Message[] {
  const messages: Message[] = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < headerLength) throw malformed(`${bytes.length - at} bytes are no message header`)
    const length = bytes.readUInt32LE(at)
    if (length < headerLength || at + length > bytes.length)
      throw malformed(`message length ${length} is impossible`)
    messages.push({
      type: bytes.readUInt16LE(at + 4),
      flags: bytes.readUInt16LE(at + 6),
      sequence: bytes.readUInt32LE(at + 8),
      body: bytes.subarray(at + headerLength, at + length),
    })
    at += align4(length)
  }
  return messages
}

/** The next multiple of four. */
export function align4(length: number): number {
  return Math.ceil(length / 4) * 4
}
