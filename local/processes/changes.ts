/** Says that something has changed, to whoever waits for it; many changes at once wake a waiter once. */
export class Changes {
  #version = 0
  #waiting = Promise.withResolvers<void>()

  /** Grows with every change. Read it before looking at what may change, and wait for what comes after. */
  get version(): number {
    return this.#version
  }

  touch(): void {
    this.#version += 1
    this.#waiting.resolve()
    this.#waiting = Promise.withResolvers<void>()
  }

  /** Resolves when there was a change after that version, at once when there has been. Throws the signal's reason. */
  async after(version: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#version > version) return
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([this.#waiting.promise, aborted.promise])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}
