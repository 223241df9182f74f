import { newPatience } from '#kube/patience.ts'
import { pause } from '#sdk/workspace/pause.ts'

/** What a chore depends on. */
export interface ChoreOptions {
  /** Does what is asked for; who fails is tried again. */
  readonly work: (signal: AbortSignal) => Promise<void>
  /** Hears of the first failure of a row. */
  readonly failed: (thrown: unknown) => void
}

/** Milliseconds between two attempts; an API server that is away is asked again sooner. */
const bounds = { first: 250, most: 15_000 }

/** Work that is done in the background, once more whenever it is asked for, until it succeeds. */
export class Chore implements AsyncDisposable {
  readonly #options: ChoreOptions
  readonly #stop = new AbortController()
  readonly #life: Promise<void>
  #wanted = Promise.withResolvers<void>()

  constructor(options: ChoreOptions) {
    this.#options = options
    this.#life = this.#live()
  }

  ask(): void {
    this.#wanted.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#wanted.resolve()
    await this.#life
  }

  async #live(): Promise<void> {
    const { signal } = this.#stop
    for (;;) {
      await this.#wanted.promise
      if (signal.aborted) return
      this.#wanted = Promise.withResolvers()
      const patience = newPatience(bounds)
      for (let failures = 0; !signal.aborted; failures += 1) {
        try {
          await this.#options.work(signal)
          break
        } catch (thrown) {
          if (signal.aborted) return
          if (failures === 0) this.#options.failed(thrown)
          await pause(patience.failed(thrown), signal)
        }
      }
    }
  }
}
