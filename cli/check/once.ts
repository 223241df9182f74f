import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** Asks at the first call, and gives the same answer to all. */
export function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return async () => await (answer ??= ask())
}

/** As `once`, for each key. */
export function onceEach<K extends string, T>(ask: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const answers = new Map<K, () => Promise<T>>()
  return async key => {
    const answer = answers.get(key) ?? once(() => ask(key))
    answers.set(key, answer)
    return await answer()
  }
}

/** The object, or undefined when there is none. */
export async function orUndefined(answer: Promise<JsonObject>): Promise<JsonObject | undefined> {
  try {
    return await answer
  } catch (thrown) {
    if (NsmError.from(thrown).code === 'NOT_FOUND') return undefined
    throw thrown
  }
}
