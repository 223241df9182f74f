import { NsmError } from '#sdk/errors.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { parsePrefixes } from '#sdk/workspace/parse-prefixes.ts'
import { refuseExcluded } from './excluded-prefixes.ts'

/**
 * Looks at the addresses and routes of an endpoint's answer. ENDPOINT_REFUSED when one that the request requires is
 * missing, one is malformed, or an address lies in a prefix that the request excludes.
 */
export function checkAnswer(endpoint: string, answer: Connection, request: Connection): void {
  const wanted = request.context?.ipContext
  const given = answer.context?.ipContext
  if (wanted?.srcIpRequired === true && (given?.srcIpAddrs.length ?? 0) === 0)
    throw unusable(endpoint, 'without an address for the client, which requires one')
  if (wanted?.dstIpRequired === true && (given?.dstIpAddrs.length ?? 0) === 0)
    throw unusable(endpoint, 'without an address for itself, which the client requires')
  if (given === undefined) return
  const routes = [...given.srcRoutes, ...given.dstRoutes].map(({ prefix }) => prefix)
  try {
    parsePrefixes([...given.srcIpAddrs, ...given.dstIpAddrs, ...routes].join(','))
  } catch (cause) {
    throw unusable(endpoint, `with an address or route that is none: ${NsmError.from(cause).message}`)
  }
  refuseExcluded(endpoint, answer, wanted?.excludedPrefixes ?? [])
}

function unusable(endpoint: string, why: string): NsmError {
  return new NsmError('ENDPOINT_REFUSED', `endpoint ${endpoint} answered ${why}`)
}
