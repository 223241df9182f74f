import { NsmError } from '#sdk/errors.ts'

/** Codes of a call that has not reached its server or has lost it. */
const unreachable: readonly string[] = ['SOCKET_MISSING', 'MANAGER_UNAVAILABLE', 'CANCELLED', 'DEADLINE']

/**
 * Why an endpoint did not serve, in one of the three codes by which the next one is asked: ENDPOINT_LOST when it did
 * not answer, POOL_EXHAUSTED when it said so, else ENDPOINT_REFUSED. VNI_IN_USE stays: the same one is asked again.
 */
export function refusalOf(endpoint: string, thrown: unknown): NsmError {
  const { code, message } = NsmError.from(thrown)
  if (code === 'VNI_IN_USE') return NsmError.from(thrown)
  if (unreachable.includes(code) || code === 'ENDPOINT_LOST')
    return new NsmError('ENDPOINT_LOST', `endpoint ${endpoint} does not answer: ${message}`, {
      cause: thrown,
    })
  const kept = code === 'POOL_EXHAUSTED' ? code : 'ENDPOINT_REFUSED'
  const text = message.startsWith(`endpoint ${endpoint} `)
    ? message
    : `endpoint ${endpoint} refused: ${message}`
  return new NsmError(kept, text, { cause: thrown })
}
