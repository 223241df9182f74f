/** Something that happened, for a loop that waits: calls while it is busy are remembered as one. */
export interface Wake {
  /** Ends the present or the next wait. */
  call(): void
  /** Waits for a call, so many milliseconds, or the signal's abort, whichever comes first; never fails. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** Nothing has happened yet. */
export function newWake(): Wake {
  let called = Promise.withResolvers<void>()
  return {
    call: () => called.resolve(),
    async wait(ms, signal) {
      const call = () => called.resolve()
      const timer = setTimeout(call, ms)
      signal.addEventListener('abort', call, { once: true })
      if (signal.aborted) call()
      await called.promise
      clearTimeout(timer)
      signal.removeEventListener('abort', call)
      called = Promise.withResolvers()
    },
  }
}
