import type { Registry } from './registry.ts'

/** Whether anything in a registry changes, from the moment it was made until its disposal. */
export class RegistryChanges implements Disposable {
  readonly #stop = new AbortController()
  #changed = false
  #wake: () => void = () => undefined

  constructor({ services, endpoints }: Registry) {
    for (const changes of [services.watch(this.#stop.signal), endpoints.watch(this.#stop.signal)])
      void this.#follow(changes)
  }

  /** Waits for a change that nobody waited for yet; `no` when the signal was aborted first. */
  async next(signal: AbortSignal): Promise<'yes' | 'no'> {
    const wake = (): void => this.#wake()
    signal.addEventListener('abort', wake)
    try {
      while (!this.#changed && !signal.aborted) {
        const news = Promise.withResolvers<void>()
        this.#wake = news.resolve
        await news.promise
      }
      const answer = this.#changed ? 'yes' : 'no'
      this.#changed = false
      return answer
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
  }

  async #follow(changes: AsyncIterable<unknown>): Promise<void> {
    for await (const _ of changes) {
      this.#changed = true
      this.#wake()
    }
  }
}
