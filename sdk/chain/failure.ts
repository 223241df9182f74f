import { NsmError } from '#sdk/errors.ts'

/** Runs work and returns what it threw, or undefined, so that the next piece of cleaning up is not skipped. */
export async function failureOf(
  work: () => PromiseLike<void>,
): Promise<{ readonly thrown: unknown } | undefined> {
  try {
    await work()
    return undefined
  } catch (thrown) {
    return { thrown }
  }
}

/** One error for a failure and a second one met while cleaning up: the code of the first, and an AggregateError of both as cause. */
export function both(cause: unknown, undo: unknown): NsmError {
  const [first, second] = [NsmError.from(cause), NsmError.from(undo)]
  const message = `${first.message}; and cleaning up failed: ${second.message}`
  return new NsmError(first.code, message, { cause: new AggregateError([cause, undo], message) })
}
