import { abortable } from '#sdk/chain/abortable.ts'

/**
 * The same items, ending with the reason of the signal when that is aborted, even while the source is busy; the
 * source is then told to finish but not waited for.
 */
export async function* itemsUntil<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const items = source[Symbol.asyncIterator]()
  try {
    for (;;) {
      const item = await abortable(items.next(), signal)
      if (item.done === true) return
      yield item.value
    }
  } finally {
    // A generator that is busy runs its own clean-up later; a failure of it has nobody left to tell.
    items.return?.().catch(() => undefined)
  }
}
