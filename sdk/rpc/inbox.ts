import { NsmError } from '#sdk/errors.ts'
import { MessageReader } from './frame.ts'

/** Bytes of messages that may wait here before the sender has to. */
const roomy = 64 * 1024

/** The messages that come on one stream, for one reader. The sender waits while the reader is behind. */
export class Inbox {
  readonly #reader = new MessageReader()
  readonly #taken: (bytes: number) => void
  #ready: Buffer[] = []
  #readyBytes = 0
  #owed = 0
  #outcome: { readonly error?: unknown } | undefined
  #waiting: PromiseWithResolvers<void> | undefined

  /** `taken` gives the sender room for so many bytes. */
  constructor(taken: (bytes: number) => void) {
    this.#taken = taken
  }

  /** Bytes of a message that has begun and not ended. */
  get unfinished(): number {
    return this.#outcome === undefined ? this.#reader.rest : 0
  }

  /** Bytes came. */
  data(bytes: Buffer): void {
    if (this.#outcome !== undefined) return this.#taken(bytes.length)
    this.#owed += bytes.length
    try {
      for (const message of this.#reader.push(bytes)) {
        this.#ready.push(message)
        this.#readyBytes += message.length
      }
    } catch (error) {
      return this.fail(error)
    }
    this.#pay()
    if (this.#ready.length > 0) this.#wake()
  }

  /** No more will come. */
  end(): void {
    if (this.#reader.rest > 0 && this.#outcome === undefined)
      return this.fail(new NsmError('BAD_INPUT', 'cannot read a gRPC message: the stream ends within it'))
    this.#outcome ??= {}
    this.#wake()
  }

  /** What has not been read is dropped, and reading fails. */
  fail(error: unknown): void {
    this.#outcome ??= { error }
    this.#ready = []
    this.#readyBytes = 0
    this.#pay()
    this.#wake()
  }

  /** No more will come because of an error, which reading throws after the messages that came before it. */
  failAfter(error: unknown): void {
    this.#outcome ??= { error }
    this.#wake()
  }

  /** The next message; undefined when no more will come. Throws what `fail` was given. */
  async next(): Promise<Buffer | undefined> {
    while (this.#ready.length === 0 && this.#outcome === undefined) {
      this.#waiting ??= Promise.withResolvers()
      await this.#waiting.promise
    }
    const message = this.#ready.shift()
    if (message !== undefined) {
      this.#readyBytes -= message.length
      this.#pay()
      return message
    }
    if (this.#outcome !== undefined && 'error' in this.#outcome) throw this.#outcome.error
    return undefined
  }

  /** The only message of a stream. Throws BAD_INPUT when there is none or another. */
  async only(): Promise<Buffer> {
    const message = await this.next()
    if (message === undefined) throw new NsmError('BAD_INPUT', 'a gRPC message is missing')
    if ((await this.next()) !== undefined)
      throw new NsmError('BAD_INPUT', 'more than one gRPC message came where one belongs')
    return message
  }

  #pay(): void {
    if (this.#owed === 0 || this.#readyBytes > roomy) return
    this.#taken(this.#owed)
    this.#owed = 0
  }

  #wake(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}
