/** Passes what it is told to everybody who watches, each at his own pace. */
export class Watchers<T> {
  readonly #queues = new Set<Queue<T>>()

  /** How many watch. */
  get count(): number {
    return this.#queues.size
  }

  tell(item: T): void {
    for (const queue of this.#queues) {
      queue.items.push(item)
      queue.wake()
    }
  }

  /**
   * What is told from the call of this method on, until the signal aborts or its reader leaves. Who never begins to read
   * has to abort.
   */
  watch(signal: AbortSignal): AsyncIterable<T> {
    const queue: Queue<T> = { items: [], wake: () => undefined }
    if (!signal.aborted) {
      this.#queues.add(queue)
      signal.addEventListener('abort', () => this.#leave(queue), { once: true })
    }
    return this.#drain(queue, signal)
  }

  async *#drain(queue: Queue<T>, signal: AbortSignal): AsyncGenerator<T, void> {
    try {
      while (!signal.aborted) {
        const more = Promise.withResolvers<void>()
        queue.wake = more.resolve
        if (queue.items.length === 0) await more.promise
        yield* queue.items.splice(0)
      }
    } finally {
      this.#leave(queue)
    }
  }

  #leave(queue: Queue<T>): void {
    this.#queues.delete(queue)
    queue.wake()
  }
}

interface Queue<T> {
  items: T[]
  wake: () => void
}
