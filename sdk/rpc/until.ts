/** What the promise gives, or the reason of the signal if that is aborted first. */
export async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/**
 * The same items, ending with the reason of the signal when that is aborted, even while the source is busy; the
 * source is then told to finish but not waited for.
 */
export async function* itemsUntil<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const items = source[Symbol.asyncIterator]()
  try {
    for (;;) {
      const item = await until(items.next(), signal)
      if (item.done === true) return
      yield item.value
    }
  } finally {
    // A generator that is busy runs its own clean-up later; a failure of it has nobody left to tell.
    items.return?.().catch(() => undefined)
  }
}
