/** Counts the streams on which kubelet is told of devices, and says when the first opens and the last ends. */
export class Streams {
  #open = 0
  readonly #opened = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()

  /** Settles when the first stream has opened. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  /** Settles when there has been a stream and none is left. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Counts a stream until it is disposed of. */
  open(): Disposable {
    this.#open += 1
    this.#opened.resolve()
    return {
      [Symbol.dispose]: () => {
        this.#open -= 1
        if (this.#open === 0) this.#ended.resolve()
      },
    }
  }
}
