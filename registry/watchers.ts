/** Passes what it is told to everybody who watches, each at his own pace. */
export class Watchers<T> {
  readonly #queues = new Set<Queue<T>>()

  tell(item: T): void {
    for (const queue of this.#queues) {
      queue.items.push(item)
      queue.wake()
    }
  }

  /** What is told from the call of this method on, until the signal aborts. */
  watch(signal: AbortSignal): AsyncIterable<T> {
    const queue: Queue<T> = { items: [], wake: () => undefined }
    if (!signal.aborted) {
      this.#queues.add(queue)
      signal.addEventListener(
        'abort',
        () => {
          this.#queues.delete(queue)
          queue.wake()
        },
        { once: true },
      )
    }
    return drain(queue, signal)
  }
}

interface Queue<T> {
  items: T[]
  wake: () => void
}

async function* drain<T>(queue: Queue<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  while (!signal.aborted) {
    const more = Promise.withResolvers<void>()
    queue.wake = more.resolve
    if (queue.items.length === 0) await more.promise
    yield* queue.items.splice(0)
  }
}
