import { Changes } from './changes.ts'

/** Turns items that are pushed into items that are awaited, in order; for one reader. */
export class Queue<T> implements AsyncIterable<T> {
  readonly #items: T[] = []
  readonly #changes = new Changes()
  #ended = false

  push(item: T): void {
    this.#items.push(item)
    this.#changes.touch()
  }

  /** Nothing more comes; what waits is still read. */
  end(): void {
    this.#ended = true
    this.#changes.touch()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      const version = this.#changes.version
      yield* this.#items.splice(0)
      if (this.#changes.version > version) continue
      if (this.#ended) return
      await this.#changes.after(version, never)
    }
  }
}

/** Whoever fills a queue ends it. */
const never = new AbortController().signal
