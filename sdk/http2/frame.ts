import { Http2Error } from './error.ts'

/** A frame of HTTP/2 (RFC 9113, section 4). */
export interface Frame {
  readonly type: number
  readonly flags: number
  /** 0 for the connection itself. */
  readonly stream: number
  readonly payload: Buffer
}

/** Types of frames (RFC 9113, section 6). */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

/** Flags; what each means depends on the type. */
export const frameFlag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

/** The largest payload that we take: SETTINGS_MAX_FRAME_SIZE that holds until settings say another; we never do. */
export const payloadLimit = 16_384

/** What a client says first (RFC 9113, 3.4). */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

const headLength = 9

/** The head of a frame whose payload, of so many bytes, is sent behind it. */
export function frameHead({ type, flags, stream }: Omit<Frame, 'payload'>, length: number): Buffer {
  const head = Buffer.allocUnsafe(headLength)
  head.writeUIntBE(length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return head
}

/** Puts frames together from the bytes of a connection. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)
  #preface: Buffer | undefined

  /** A server expects the preface of its client first. */
  constructor(expect: 'preface' | 'frames') {
    this.#preface = expect === 'preface' ? preface : undefined
  }

  /** The frames that are whole now; they share the memory of what was pushed. Throws Http2Error for a foreign protocol. */
  *push(bytes: Buffer): Generator<Frame, void> {
    let chunk = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    if (this.#preface !== undefined) chunk = this.#withoutPreface(chunk, this.#preface)
    let at = 0
    try {
      while (this.#preface === undefined && chunk.length - at >= headLength) {
        const length = chunk.readUIntBE(at, 3)
        if (length > payloadLimit)
          throw new Http2Error('frameSize', `a frame has ${length} bytes, more than ${payloadLimit}`)
        const end = at + headLength + length
        if (end > chunk.length) break
        const [type = 0, flags = 0] = [chunk[at + 3], chunk[at + 4]]
        const frame = { type, flags, stream: chunk.readUInt32BE(at + 5) & 0x7fffffff }
        const payload = chunk.subarray(at + headLength, end)
        at = end
        yield { ...frame, payload }
      }
    } finally {
      this.#rest = chunk.subarray(at)
    }
  }

  #withoutPreface(chunk: Buffer, wanted: Buffer): Buffer {
    const length = Math.min(chunk.length, wanted.length)
    if (!chunk.subarray(0, length).equals(wanted.subarray(0, length)))
      throw new Http2Error('protocol', 'the client does not speak HTTP/2')
    if (length < wanted.length) return chunk
    this.#preface = undefined
    return chunk.subarray(length)
  }
}
