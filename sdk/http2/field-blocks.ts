import { Http2Error } from './error.ts'
import { type Frame, frameFlag, frameType } from './frame.ts'
import { FieldDecoder, type Fields, fieldsLimit } from './hpack.ts'

/** Fields that came on a stream, and whether they are the last of it. */
export interface Head {
  readonly id: number
  readonly fields: Fields
  readonly last: boolean
}

/** Frames that one header block may be cut into. */
const mostParts = 16

/** Puts the header blocks of one connection together from their frames, and decodes them. */
export class FieldBlocks {
  readonly #decoder = new FieldDecoder()
  #id = 0
  #flags = 0
  #parts: Buffer[] = []

  /** Whether a block has begun and not ended: then nothing else may come. */
  get isOpen(): boolean {
    return this.#id !== 0
  }

  /** Takes a frame of the types headers and continuation; the head when it is whole. Throws Http2Error. */
  take(frame: Frame): Head | undefined {
    if (frame.type === frameType.headers) this.#begin(frame)
    else this.#continue(frame)
    if ((frame.flags & frameFlag.endHeaders) === 0) return undefined
    const [first = frame.payload] = this.#parts
    const block = this.#parts.length === 1 ? first : Buffer.concat(this.#parts)
    const head = { id: this.#id, last: (this.#flags & frameFlag.endStream) !== 0 }
    this.#id = 0
    this.#parts = []
    return { ...head, fields: this.#decoder.decode(block) }
  }

  #begin(frame: Frame): void {
    if (this.isOpen || frame.stream === 0)
      throw new Http2Error('protocol', 'a header block begins where none may')
    this.#id = frame.stream
    this.#flags = frame.flags
    this.#parts = [fragmentOf(frame)]
  }

  #continue({ stream, payload }: Frame): void {
    if (!this.isOpen || stream !== this.#id)
      throw new Http2Error('protocol', 'a header block goes on that has not begun')
    this.#parts.push(payload)
    const size = this.#parts.reduce((sum, part) => sum + part.length, 0)
    if (this.#parts.length > mostParts || size > fieldsLimit)
      throw new Http2Error('enhanceYourCalm', 'a header block is too large')
  }
}

/** The part of a block that a headers frame carries: behind the length of its padding and its priority, before its padding. */
function fragmentOf({ payload, flags }: Frame): Buffer {
  const padded = (flags & frameFlag.padded) !== 0
  const padding = padded ? (payload[0] ?? 0) : 0
  const start = (padded ? 1 : 0) + ((flags & frameFlag.priority) === 0 ? 0 : 5)
  if (start + padding > payload.length) throw new Http2Error('protocol', 'a frame is nothing but padding')
  return payload.subarray(start, payload.length - padding)
}
