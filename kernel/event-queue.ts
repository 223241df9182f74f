/** A queue with one reader: events wait in it from its making until the signal aborts. */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #signal: AbortSignal
  readonly #waiting: T[] = []
  #failure: { readonly cause: unknown } | undefined
  #wake = Promise.withResolvers<void>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
  }

  /** Ends the reading with an error, after the events that wait. */
  fail(cause: unknown): void {
    this.#failure = { cause }
    this.#wake.resolve()
  }

  push(...events: readonly T[]): void {
    this.#waiting.push(...events)
    this.#wake.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (!this.#signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      yield* this.#waiting.splice(0)
      if (this.#failure !== undefined) throw this.#failure.cause
      if (this.#waiting.length === 0 && !this.#signal.aborted) await this.#wake.promise
    }
  }
}
