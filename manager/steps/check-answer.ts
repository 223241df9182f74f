import { NsmError } from '#sdk/errors.ts'
import { requireAddresses, validateContext } from '#sdk/wire/context.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { refuseExcluded } from './excluded-prefixes.ts'

/**
 * Looks at what an endpoint's answer carries. ENDPOINT_REFUSED when an address that the request requires is missing,
 * a field is malformed, or an address lies in a prefix that the request excludes.
 */
export function checkAnswer(endpoint: string, answer: Connection, request: Connection): void {
  try {
    requireAddresses(request.context, answer.context)
    if (answer.context !== undefined) validateContext(answer.context)
  } catch (thrown) {
    const cause = NsmError.from(thrown)
    const message = `endpoint ${endpoint} gave an answer that cannot be used: ${cause.message}`
    throw new NsmError('ENDPOINT_REFUSED', message, { cause })
  }
  refuseExcluded(endpoint, answer, request.context?.ipContext?.excludedPrefixes ?? [])
}
