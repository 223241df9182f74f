import { inspect, isDeepStrictEqual } from 'node:util'

/** What a check finds wrong with a forwarder; the message is one sentence about what it did. */
export class Finding extends Error {
  override readonly name = 'Finding'
}

/** Throws Finding unless both are deeply equal; `what` says what is compared. */
export function expectSame(what: string, actual: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(actual, wanted)) return
  throw new Finding(`${what}: ${shown(actual)}, expected ${shown(wanted)}`)
}

function shown(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY, compact: true })
}
