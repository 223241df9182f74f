import { errorCode, Http2Error } from './error.ts'
import { frameFlag, frameHead, frameType } from './frame.ts'
import type { Fields } from './hpack.ts'

/** Why a stream ended before both sides had said all. */
export type Closure =
  | { readonly kind: 'reset'; readonly code: number }
  /** The peer says that it has done nothing about the stream, so the same may be tried again. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'lost'; readonly cause: Error | undefined }

/** Whom a stream tells. */
export interface StreamListener {
  /** The first block of fields to a client, or trailers. */
  fields(fields: Fields): void
  data(bytes: Buffer): void
  /** The peer has said all. */
  end(): void
  /** The stream ended early; called at most once, nothing after it. */
  closed(why: Closure): void
}

/** What a stream needs of its connection. */
export interface Carrier {
  /** Bytes that may be sent on all streams together. */
  room: number
  largestPayload: number
  readonly isCongested: () => boolean
  write(...parts: readonly Buffer[]): void
  writeFields(stream: number, block: Buffer, flags: number): void
  /** The stream waits for room on the connection. */
  waits(stream: Stream): void
  /** Gives the peer room for bytes that were received. */
  credit(bytes: number): void
  /** Both sides are done, or we have reset it. */
  done(stream: Stream): void
}

/** Bytes that a peer may send on a stream before we have taken any. */
export const streamWindow = 256 * 1024

/** One exchange on a connection. What is sent waits for the peer's windows in the order that it was given. */
export class Stream {
  readonly id: number
  /** Set by whoever owns the stream, before anything can arrive. */
  listener: StreamListener = nobody
  readonly #carrier: Carrier
  /** Bytes that the peer takes, and bytes that we take, on this stream now. */
  #room: number
  #inbound = streamWindow
  #owed = 0
  /** Bytes that came and were not taken yet: the connection gets their room back when the stream is gone. */
  #untaken = 0
  #gone = false
  readonly #pending: Buffer[] = []
  #tail: Buffer | 'end' | undefined
  #ended = { here: false, there: false }
  #drained: PromiseWithResolvers<void> | undefined

  constructor(id: number, room: number, carrier: Carrier) {
    this.id = id
    this.#room = room
    this.#carrier = carrier
  }

  /** Sends fields now. */
  sendFields(block: Buffer): void {
    if (!this.#ended.here) this.#carrier.writeFields(this.id, block, 0)
  }

  /** Sends bytes, which must not change any more. */
  send(bytes: Buffer): void {
    if (this.#ended.here || this.#tail !== undefined) return
    this.#pending.push(bytes)
    this.pump()
  }

  /** Ends our side after what was given to `send`: with trailers, or with the last bytes. */
  end(trailers?: Buffer): void {
    if (this.#ended.here || this.#tail !== undefined) return
    this.#tail = trailers ?? 'end'
    this.pump()
  }

  /** Settles when everything that was given to `send` has left, or never will. */
  async drained(): Promise<void> {
    if (this.#pending.length === 0 || this.#ended.here) return
    this.#drained ??= Promise.withResolvers()
    await this.#drained.promise
  }

  /** Ends the stream now, in both directions. */
  reset(code: keyof typeof errorCode): void {
    if (this.#gone) return
    const payload = Buffer.alloc(4)
    payload.writeUInt32BE(errorCode[code])
    this.#carrier.write(
      frameHead({ type: frameType.reset, flags: 0, stream: this.id }, payload.length),
      payload,
    )
    this.#over()
  }

  /** Gives the peer room for bytes that were taken. */
  taken(bytes: number): void {
    const counted = Math.min(bytes, this.#untaken)
    this.#untaken -= counted
    this.#carrier.credit(counted)
    this.#owed += counted
    if (this.#owed < streamWindow / 2 || this.#ended.there) return
    this.#carrier.write(...windowUpdate(this.id, this.#owed))
    this.#inbound += this.#owed
    this.#owed = 0
  }

  /** Sends what the windows allow. For the connection. */
  pump(): void {
    if (this.#ended.here) return
    const carrier = this.#carrier
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      const room = Math.min(this.#room, carrier.room, carrier.largestPayload)
      if (room <= 0 || carrier.isCongested()) return carrier.waits(this)
      const part = first.length <= room ? first : first.subarray(0, room)
      if (part === first) this.#pending.shift()
      else this.#pending[0] = first.subarray(room)
      const last = this.#pending.length === 0 && this.#tail === 'end'
      const head = {
        type: frameType.data,
        flags: last ? frameFlag.endStream : 0,
        stream: this.id,
      }
      carrier.write(frameHead(head, part.length), part)
      this.#room -= part.length
      carrier.room -= part.length
      if (last) return this.#endedHere()
    }
    this.#settle()
    if (this.#tail === undefined) return
    if (this.#tail === 'end')
      carrier.write(frameHead({ type: frameType.data, flags: frameFlag.endStream, stream: this.id }, 0))
    else carrier.writeFields(this.id, this.#tail, frameFlag.endStream)
    this.#endedHere()
  }

  /** The peer takes more, or less by a change of its settings. For the connection. Throws Http2Error. */
  widen(bytes: number): void {
    this.#room += bytes
    if (this.#room > 0x7fffffff) throw new Http2Error('flowControl', 'the window of a stream is too large')
    if (bytes > 0) this.pump()
  }

  /** Bytes came. For the connection; `length` counts their padding too. Throws Http2Error. */
  received(bytes: Buffer, length: number): void {
    this.#inbound -= length
    this.#untaken += length
    if (this.#inbound < 0) throw new Http2Error('flowControl', 'more data came than was allowed')
    if (length > bytes.length) this.taken(length - bytes.length)
    if (bytes.length > 0) this.listener.data(bytes)
  }

  /** The peer has said all. For the connection. */
  endedThere(): void {
    this.#ended.there = true
    this.listener.end()
    if (this.#ended.here) this.#over()
  }

  /** The stream ended early. For the connection. */
  close(why: Closure): void {
    if (this.#gone) return
    this.#over()
    this.listener.closed(why)
  }

  #endedHere(): void {
    this.#ended.here = true
    this.#settle()
    if (this.#ended.there) this.#over()
  }

  #over(): void {
    if (this.#gone) return
    this.#gone = true
    this.#ended = { here: true, there: true }
    this.#pending.length = 0
    this.#settle()
    this.#carrier.credit(this.#untaken)
    this.#untaken = 0
    this.#carrier.done(this)
  }

  #settle(): void {
    this.#drained?.resolve()
    this.#drained = undefined
  }
}

/** The parts of a frame that gives the peer room on a stream, or with 0 on the connection. */
export function windowUpdate(stream: number, bytes: number): readonly Buffer[] {
  const payload = Buffer.allocUnsafe(4)
  payload.writeUInt32BE(bytes)
  return [frameHead({ type: frameType.windowUpdate, flags: 0, stream }, payload.length), payload]
}

const nobody: StreamListener = { fields() {}, data() {}, end() {}, closed() {} }
