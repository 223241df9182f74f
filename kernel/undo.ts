/** Undoes and returns what to throw: the cause or, when undoing fails too, an AggregateError with the cause first. */
export async function undone(cause: unknown, undo: () => Promise<void>): Promise<unknown> {
  try {
    await undo()
    return cause
  } catch (failure) {
    return both(cause, failure)
  }
}

/** As `undone`, for what does not wait. */
export function undoneAtOnce(cause: unknown, undo: () => void): unknown {
  try {
    undo()
    return cause
  } catch (failure) {
    return both(cause, failure)
  }
}

function both(cause: unknown, failure: unknown): AggregateError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new AggregateError([cause, failure], `${message}; and it could not be undone`)
}
