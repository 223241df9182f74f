import { errorCode, Http2Error } from './error.ts'
import { FieldBlocks } from './field-blocks.ts'
import { type Frame, frameFlag, frameHead, frameType, payloadLimit, preface } from './frame.ts'
import { type Fields, fieldsLimit } from './hpack.ts'
import { readSettings, setting, settingsAck, settingsFrame } from './settings.ts'
import {
  type Carrier,
  type Closure,
  Stream,
  type StreamListener,
  streamWindow,
  windowUpdate,
} from './stream.ts'
import { type ByteStream, Wire } from './wire.ts'

/** What a server does with a stream that its client opens; returns who is told of the rest. */
export type Accept = (stream: Stream, fields: Fields) => StreamListener

/** Streams that a client may have open at a time. */
const mostStreams = 1_000
/** Bytes that may have come on all streams together and not been taken. */
const connectionWindow = 32 * 1024 * 1024
/** What both windows of a connection are before anybody says otherwise (RFC 9113, 6.9.2). */
const initialWindow = 65_535
/** Streams that a client may give up one after the other, over those that it lets finish. */
const patience = 1_000

/**
 * One HTTP/2 connection over a socket that is connected (RFC 9113): a client's, or with `accept` a server's. It lives
 * until the socket closes.
 */
export class Connection {
  /** Settles when the socket is closed. */
  readonly closed: Promise<void>
  readonly #accept: Accept | undefined
  readonly #wire: Wire
  readonly #blocks = new FieldBlocks()
  readonly #streams = new Map<number, Stream>()
  readonly #waiting = new Set<Stream>()
  readonly #carrier: Carrier
  readonly #pings: (() => void)[] = []
  readonly #slots: (() => void)[] = []
  #nextId = 1
  #lastPeerId = 0
  #inbound = connectionWindow
  #owed = 0
  readonly #peer = { mostStreams: Number.POSITIVE_INFINITY, streamWindow: initialWindow }
  #state: 'open' | 'leaving' | 'closed' = 'open'
  #givenUp = 0

  constructor(socket: ByteStream, accept?: Accept) {
    const closed = Promise.withResolvers<void>()
    this.closed = closed.promise
    this.#accept = accept
    this.#carrier = this.#newCarrier()
    this.#wire = new Wire(socket, accept === undefined ? 'frames' : 'preface', {
      frame: frame => this.#frame(frame),
      broken: error => this.#break(error),
      drained: () => this.#pump(),
      closed: cause => {
        this.#over({ kind: 'lost', cause })
        closed.resolve()
      },
    })
    if (accept === undefined) this.#wire.write(preface)
    this.#wire.write(
      settingsFrame([
        accept === undefined ? [setting.enablePush, 0] : [setting.mostStreams, mostStreams],
        [setting.streamWindow, streamWindow],
        [setting.fieldsLimit, fieldsLimit],
      ]),
      ...windowUpdate(0, connectionWindow - initialWindow),
    )
    if (accept === undefined) this.#wire.hold('free')
  }

  /** Whether a client may open streams. */
  get usable(): boolean {
    return this.#state === 'open' && this.#nextId < 0x7fffffff
  }

  /** Whether as many streams are open as the server allows. */
  get full(): boolean {
    return this.#streams.size >= this.#peer.mostStreams
  }

  /** Waits until the server lets one more stream begin. */
  async slot(): Promise<void> {
    while (this.usable && this.full) await new Promise<void>(resolve => void this.#slots.push(resolve))
  }

  /** Opens a stream with fields; undefined when the connection is not usable any more. */
  open(block: Buffer, listener: StreamListener): Stream | undefined {
    if (!this.usable) return undefined
    const stream = new Stream(this.#nextId, this.#peer.streamWindow, this.#carrier)
    stream.listener = listener
    this.#nextId += 2
    if (this.#streams.size === 0) this.#wire.hold('held')
    this.#streams.set(stream.id, stream)
    stream.sendFields(block)
    return stream
  }

  /** Settles when the peer has answered; never when the connection closes before. */
  async ping(): Promise<void> {
    const answered = new Promise<void>(resolve => void this.#pings.push(resolve))
    this.#wire.write(frameHead({ type: frameType.ping, flags: 0, stream: 0 }, 8), Buffer.alloc(8))
    await answered
  }

  /** Takes no more streams, and ends the connection when those that are open have ended. */
  leave(): void {
    if (this.#state !== 'open') return
    this.#state = 'leaving'
    this.#goAway(errorCode.none)
    if (this.#streams.size === 0) this.#wire.end()
  }

  /** Ends the connection now. */
  cut(): void {
    this.#wire.cut()
  }

  #newCarrier(): Carrier {
    return {
      room: initialWindow,
      largestPayload: payloadLimit,
      isCongested: () => this.#wire.congested,
      write: (...parts) => this.#wire.write(...parts),
      writeFields: (stream, block, flags) => this.#writeFields(stream, block, flags),
      waits: stream => this.#waiting.add(stream),
      credit: bytes => this.#credit(bytes),
      done: stream => this.#done(stream),
    }
  }

  #writeFields(stream: number, block: Buffer, flags: number): void {
    const most = this.#carrier.largestPayload
    for (let at = 0; at === 0 || at < block.length; at += most) {
      const part = block.subarray(at, at + most)
      const type = at === 0 ? frameType.headers : frameType.continuation
      const last = at + most >= block.length ? frameFlag.endHeaders : 0
      this.#wire.write(frameHead({ type, flags: (at === 0 ? flags : 0) | last, stream }, part.length), part)
    }
  }

  #credit(bytes: number): void {
    this.#owed += bytes
    if (this.#owed < connectionWindow / 4) return
    this.#wire.write(...windowUpdate(0, this.#owed))
    this.#inbound += this.#owed
    this.#owed = 0
  }

  #done(stream: Stream): void {
    if (!this.#streams.delete(stream.id)) return
    this.#waiting.delete(stream)
    this.#givenUp = Math.max(0, this.#givenUp - 1)
    this.#slots.shift()?.()
    if (this.#streams.size > 0) return
    if (this.#accept === undefined) this.#wire.hold('free')
    if (this.#state === 'leaving') this.#wire.end()
  }

  /** Lets those send that waited for room or for the socket. */
  #pump(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const stream of waiting) stream.pump()
  }

  #break(error: Http2Error): void {
    if (this.#state === 'closed') return
    this.#goAway(error.code)
    this.#wire.end()
    this.#over({ kind: 'lost', cause: error })
    // What is still in the socket's way must not keep it.
    setImmediate(() => this.#wire.cut())
  }

  #goAway(code: number): void {
    const payload = Buffer.alloc(8)
    payload.writeUInt32BE(this.#lastPeerId, 0)
    payload.writeUInt32BE(code, 4)
    this.#wire.write(frameHead({ type: frameType.goAway, flags: 0, stream: 0 }, payload.length), payload)
  }

  #over(why: Closure): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    for (const stream of this.#streams.values()) stream.close(why)
    for (const free of this.#slots.splice(0)) free()
  }

  #frame(frame: Frame): void {
    if (this.#state === 'closed') return
    const isHead = frame.type === frameType.headers || frame.type === frameType.continuation
    if (!isHead && this.#blocks.isOpen)
      throw new Http2Error('protocol', 'a header block is interrupted by another frame')
    const { payload } = frame
    switch (frame.type) {
      case frameType.data:
        return this.#data(frame)
      case frameType.headers:
      case frameType.continuation: {
        const head = this.#blocks.take(frame)
        return head === undefined ? undefined : this.#head(head)
      }
      case frameType.reset:
        return this.#reset(frame.stream, exactly(payload, 4).readUInt32BE())
      case frameType.settings:
        return this.#settings(frame)
      case frameType.pushPromise:
        throw new Http2Error('protocol', 'pushes were not agreed')
      case frameType.ping:
        return this.#pinged(frame)
      case frameType.goAway:
        return this.#leftBy(payload)
      case frameType.windowUpdate:
        return this.#widen(frame.stream, exactly(payload, 4).readUInt32BE() & 0x7fffffff)
    }
  }

  #data(frame: Frame): void {
    const { payload, flags, stream: id } = frame
    this.#inbound -= payload.length
    if (this.#inbound < 0) throw new Http2Error('flowControl', 'more data came than was allowed')
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      if (!this.#wasOpen(id)) throw new Http2Error('protocol', `data came on stream ${id}, which is not open`)
      return this.#credit(payload.length)
    }
    stream.received(unpadded(frame), payload.length)
    if ((flags & frameFlag.endStream) !== 0) this.#endedThere(stream)
  }

  #head({
    id,
    fields,
    last,
  }: {
    readonly id: number
    readonly fields: Fields
    readonly last: boolean
  }): void {
    const known = this.#streams.get(id)
    const stream = known ?? this.#opened(id, fields)
    if (stream === undefined) return
    if (known !== undefined) known.listener.fields(fields)
    if (last) this.#endedThere(stream)
    else if (known !== undefined && this.#accept !== undefined)
      throw new Http2Error('protocol', 'trailers do not end their stream')
  }

  /** A stream that the client opens; undefined when it is not for us any more. */
  #opened(id: number, fields: Fields): Stream | undefined {
    if (this.#wasOpen(id)) return undefined
    if (this.#accept === undefined || id % 2 === 0)
      throw new Http2Error('protocol', `stream ${id} cannot be opened by the peer`)
    if (this.#state === 'leaving') return undefined
    this.#lastPeerId = id
    const stream = new Stream(id, this.#peer.streamWindow, this.#carrier)
    const full = this.#streams.size >= mostStreams
    this.#streams.set(id, stream)
    if (full) stream.reset('refused')
    else stream.listener = this.#accept(stream, fields)
    return stream
  }

  #endedThere(stream: Stream): void {
    stream.endedThere()
    // A server that has answered before we have asked all does not want the rest.
    if (this.#accept === undefined) stream.reset('cancel')
  }

  #reset(id: number, code: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      if (!this.#wasOpen(id)) throw new Http2Error('protocol', `stream ${id} is reset and was never open`)
      return
    }
    stream.close(code === errorCode.refused ? { kind: 'refused' } : { kind: 'reset', code })
    this.#givenUp += 2
    if (this.#accept !== undefined && this.#givenUp > 2 * patience)
      throw new Http2Error('enhanceYourCalm', 'too many streams were opened and given up')
  }

  #settings({ flags, payload, stream }: Frame): void {
    if (stream !== 0) throw new Http2Error('protocol', 'settings are for the connection')
    if ((flags & frameFlag.ack) !== 0) return
    for (const [id, value] of readSettings(payload)) {
      if (id === setting.mostStreams) this.#peer.mostStreams = value
      if (id === setting.largestPayload) this.#carrier.largestPayload = value
      if (id !== setting.streamWindow) continue
      const more = value - this.#peer.streamWindow
      this.#peer.streamWindow = value
      for (const open of this.#streams.values()) open.widen(more)
    }
    this.#wire.write(settingsAck)
    for (const free of this.#slots.splice(0)) free()
  }

  #pinged({ flags, payload }: Frame): void {
    exactly(payload, 8)
    if ((flags & frameFlag.ack) !== 0) return this.#pings.shift()?.()
    const head = { type: frameType.ping, flags: frameFlag.ack, stream: 0 }
    this.#wire.write(frameHead(head, payload.length), payload)
  }

  /** The peer takes no more streams; those after the last that it names it has not looked at. */
  #leftBy(payload: Buffer): void {
    if (payload.length < 8) throw new Http2Error('frameSize', 'a farewell is cut short')
    const last = payload.readUInt32BE(0) & 0x7fffffff
    if (this.#state === 'open') this.#state = 'leaving'
    if (this.#accept === undefined)
      for (const stream of this.#streams.values()) if (stream.id > last) stream.close({ kind: 'refused' })
    for (const free of this.#slots.splice(0)) free()
    if (this.#streams.size === 0) this.#wire.end()
  }

  #widen(id: number, bytes: number): void {
    if (bytes === 0) throw new Http2Error('protocol', 'a window is widened by nothing')
    if (id !== 0) {
      if (!this.#streams.has(id) && !this.#wasOpen(id))
        throw new Http2Error('protocol', `stream ${id} is not open`)
      return this.#streams.get(id)?.widen(bytes)
    }
    this.#carrier.room += bytes
    if (this.#carrier.room > 0x7fffffff)
      throw new Http2Error('flowControl', 'the window of the connection is too large')
    this.#pump()
  }

  /** Whether a stream that is not there has been, so that frames of it may still come. */
  #wasOpen(id: number): boolean {
    if (id === 0) return false
    return this.#accept === undefined ? id % 2 === 1 && id < this.#nextId : id <= this.#lastPeerId
  }
}

function unpadded({ payload, flags }: Frame): Buffer {
  if ((flags & frameFlag.padded) === 0) return payload
  const padding = payload[0] ?? 0
  if (payload.length < 1 + padding) throw new Http2Error('protocol', 'a frame is nothing but padding')
  return payload.subarray(1, payload.length - padding)
}

function exactly(payload: Buffer, length: number): Buffer {
  if (payload.length === length) return payload
  throw new Http2Error('frameSize', `a frame has ${payload.length} bytes in place of ${length}`)
}
