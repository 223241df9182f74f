import type { Duplex } from 'node:stream'
import { Http2Error } from './error.ts'
import { type Frame, FrameReader } from './frame.ts'

/** What carries a connection: a socket, or a stream that leads to one elsewhere. */
export type ByteStream = Duplex & {
  /** Keeps the process alive; `unref` does not. */
  ref(): unknown
  unref(): unknown
}

/** Whom a wire tells. */
export interface WireListener {
  frame(frame: Frame): void
  /** The peer broke the protocol. */
  broken(error: Http2Error): void
  /** The socket is closed, with the error of it if there was one. Called once. */
  closed(cause: Error | undefined): void
  /** What was written has left after the wire was congested. */
  drained(): void
}

/** Bytes waiting to be sent beyond which streams wait. */
const congestion = 64 * 1024
/** Bytes waiting to be sent beyond which a peer that makes us answer and does not read is cut off. */
const patience = 8 * 1024 * 1024
/** Bytes up to which it is cheaper to copy what was written together than to hand it over in pieces. */
const together = 64 * 1024

/** Frames over a socket. What is written within one turn of the event loop leaves in one system call. */
export class Wire {
  readonly #socket: ByteStream
  readonly #listener: WireListener
  #waiting: Buffer[] = []
  #size = 0
  #ending = false

  constructor(socket: ByteStream, expect: 'preface' | 'frames', listener: WireListener) {
    this.#socket = socket
    this.#listener = listener
    const reader = new FrameReader(expect)
    let cause: Error | undefined
    socket.on('data', (bytes: Buffer) => this.#read(reader, bytes))
    socket.on('error', error => void (cause = error))
    socket.on('drain', () => listener.drained())
    socket.once('close', () => listener.closed(cause))
    if (socket.destroyed) queueMicrotask(() => listener.closed(cause))
  }

  get congested(): boolean {
    return this.#socket.writableLength + this.#size > congestion
  }

  write(...parts: readonly Buffer[]): void {
    if (this.#waiting.length === 0) queueMicrotask(() => this.#flush())
    for (const part of parts) {
      this.#waiting.push(part)
      this.#size += part.length
    }
    if (this.#socket.writableLength + this.#size > patience) this.cut()
  }

  /** Ends the connection after what was written. */
  end(): void {
    this.#ending = true
    if (this.#waiting.length === 0) this.#socket.end()
  }

  /** Ends the connection now. */
  cut(): void {
    this.#socket.destroy()
  }

  /** Whether the socket keeps the process alive. */
  hold(how: 'held' | 'free'): void {
    if (how === 'held') this.#socket.ref()
    else this.#socket.unref()
  }

  #read(reader: FrameReader, bytes: Buffer): void {
    try {
      for (const frame of reader.push(bytes)) {
        this.#listener.frame(frame)
        if (this.#socket.destroyed) return
      }
    } catch (thrown) {
      if (!(thrown instanceof Http2Error)) throw thrown
      this.#listener.broken(thrown)
    }
  }

  #flush(): void {
    const [waiting, size] = [this.#waiting, this.#size]
    this.#waiting = []
    this.#size = 0
    if (!this.#socket.writable) return
    if (size <= together) this.#socket.write(Buffer.concat(waiting, size))
    else {
      this.#socket.cork()
      for (const part of waiting) this.#socket.write(part)
      this.#socket.uncork()
    }
    if (this.#ending) this.#socket.end()
  }
}
