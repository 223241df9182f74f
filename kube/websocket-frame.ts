import { randomBytes } from 'node:crypto'

/** Kinds of frames (RFC 6455, 5.2). */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** One frame, its mask taken off. */
export interface WebSocketFrame {
  readonly opcode: number
  /** Whether it is the last of its message. */
  readonly end: boolean
  readonly payload: Buffer
}

/** More than an API server sends in one frame, in bytes. */
const longest = 16 * 1024 * 1024

/** A whole message as one frame; a client masks what it sends, a server does not. */
export function encodeFrame(kind: number, payload: Buffer, side: 'client' | 'server' = 'client'): Buffer {
  const masked = side === 'client' ? 0x80 : 0
  const length = lengthOf(payload.length)
  length.writeUInt8(length.readUInt8(0) | masked, 0)
  const head = Buffer.concat([Buffer.of(0x80 | kind), length])
  if (masked === 0) return Buffer.concat([head, payload])
  const mask = randomBytes(4)
  return Buffer.concat([head, mask, unmasked(payload, mask)])
}

/** 7 bits, or 126 and 16 bits, or 127 and 64 bits. */
function lengthOf(size: number): Buffer {
  if (size < 126) return Buffer.of(size)
  const bytes = Buffer.alloc(size < 0x1_00_00 ? 3 : 9)
  bytes.writeUInt8(size < 0x1_00_00 ? 126 : 127, 0)
  if (size < 0x1_00_00) bytes.writeUInt16BE(size, 1)
  else bytes.writeBigUInt64BE(BigInt(size), 1)
  return bytes
}

function unmasked(payload: Buffer, mask: Buffer): Buffer {
  return Buffer.from(payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)))
}

/** Takes frames out of a stream of bytes. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** The frames that are whole by now. Throws an Error when one is too long. */
  push(bytes: Buffer): readonly WebSocketFrame[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const frames: WebSocketFrame[] = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): WebSocketFrame | undefined {
    const bytes = this.#rest
    if (bytes.length < 2) return undefined
    const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)]
    const short = second & 0x7f
    const wide = short === 126 ? 2 : short === 127 ? 8 : 0
    const maskAt = 2 + wide
    const start = maskAt + (second & 0x80 ? 4 : 0)
    if (bytes.length < start) return undefined
    const size = wide === 0 ? short : wide === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
    if (size > longest) throw new Error(`a frame of ${size} bytes is longer than ${longest}`)
    if (bytes.length < start + size) return undefined
    this.#rest = bytes.subarray(start + size)
    const payload = bytes.subarray(start, start + size)
    const mask = bytes.subarray(maskAt, start)
    return {
      opcode: first & 0x0f,
      end: (first & 0x80) !== 0,
      payload: mask.length === 0 ? payload : unmasked(payload, mask),
    }
  }
}
