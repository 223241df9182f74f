/** Items of several streams as they come, until all have ended. */
export async function* merge<T>(streams: readonly AsyncIterable<T>[]): AsyncGenerator<T, void, void> {
  const iterators = streams.map(stream => stream[Symbol.asyncIterator]())
  const waiting = new Map(iterators.map(iterator => [iterator, ask(iterator)]))
  try {
    while (waiting.size > 0) {
      const { iterator, result } = await Promise.race(waiting.values())
      if (result.done === true) waiting.delete(iterator)
      else {
        waiting.set(iterator, ask(iterator))
        yield result.value
      }
    }
  } finally {
    await Promise.all(iterators.map(async iterator => void (await iterator.return?.())))
  }
}

function ask<T>(iterator: AsyncIterator<T>) {
  const answer = next(iterator)
  // Its failure is met by whoever awaits it; nobody does when the reader has left.
  answer.catch(() => {})
  return answer
}

async function next<T>(iterator: AsyncIterator<T>) {
  return { iterator, result: await iterator.next() }
}
