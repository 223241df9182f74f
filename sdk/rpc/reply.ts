import { encodeFields } from '#sdk/http2/hpack.ts'
import type { Stream } from '#sdk/http2/stream.ts'
import { frame } from './frame.ts'
import { errorCodeTrailer, percentEncoded, type Status } from './status.ts'

const head = [
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
] as const
const headBlock = encodeFields(head)
const succeeded = encodeFields([['grpc-status', '0']])
const notGrpc = encodeFields([[':status', '415']])

/** The answer to one call: a head, messages, and a status at its end (gRPC over HTTP/2, Responses). */
export class Reply {
  readonly #stream: Stream
  #begun = false

  constructor(stream: Stream) {
    this.#stream = stream
  }

  /** Tells the caller that the call is being served. */
  begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#stream.sendFields(headBlock)
  }

  send(message: Uint8Array): void {
    this.begin()
    this.#stream.send(frame(message))
  }

  /** Settles when the caller has taken what was sent, or has gone. */
  drained(): Promise<void> {
    return this.#stream.drained()
  }

  succeed(): void {
    this.begin()
    this.#finish(succeeded)
  }

  fail({ code, message, errorCode }: Status): void {
    const status = [
      ['grpc-status', String(code)],
      ['grpc-message', percentEncoded(message)],
      ...(errorCode === undefined ? [] : [[errorCodeTrailer, errorCode] as const]),
    ] as const
    this.#finish(encodeFields(this.#begun ? status : [...head, ...status]))
  }

  /** To who does not speak gRPC. */
  refuse(): void {
    this.#finish(notGrpc)
  }

  /** A caller that is still sending is told to stop, once it has the answer. */
  #finish(trailers: Buffer): void {
    this.#begun = true
    this.#stream.end(trailers)
    void this.#stream.drained().then(() => this.#stream.reset('none'))
  }
}
