/** What leases depend on. */
export interface LeasesOptions {
  /** Milliseconds that a node's endpoints outlive the last watch of its manager. */
  readonly ms: number
  /** Takes the endpoints of a node away. */
  readonly expire: (node: string) => void
}

/**
 * How long the endpoints of a node live: while its manager watches the registry, and some time longer, because a
 * manager that is started again, or the registry itself, is back within a second or two.
 */
export class Leases implements Disposable {
  readonly #options: LeasesOptions
  readonly #held = new Map<string, number>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(options: LeasesOptions) {
    this.#options = options
  }

  /** A manager watches; its node's endpoints live until it has been away for too long. */
  hold(node: string): Disposable {
    this.#held.set(node, (this.#held.get(node) ?? 0) + 1)
    clearTimeout(this.#timers.get(node))
    this.#timers.delete(node)
    return {
      [Symbol.dispose]: () => {
        this.#held.set(node, (this.#held.get(node) ?? 1) - 1)
        this.await(node)
      },
    }
  }

  /** Gives the manager of a node the time to watch, if it does not yet. */
  await(node: string): void {
    if ((this.#held.get(node) ?? 0) > 0 || this.#timers.has(node)) return
    this.#held.delete(node)
    const timer = setTimeout(() => {
      this.#timers.delete(node)
      this.#options.expire(node)
    }, this.#options.ms)
    this.#timers.set(node, timer.unref())
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
