import { labelText } from '#manager/label-text.ts'
import { callerName, type ManagerRequest } from '#manager/request.ts'
import type { Selection } from '#manager/select.ts'
import type { EndpointRecord, ServiceRecord } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'

/** What the registry offers a client. */
export interface Found extends Selection {
  readonly service: ServiceRecord
  /** All endpoints of the service, whoever they are for. */
  readonly offering: readonly EndpointRecord[]
}

/** No such service in any namespace that the client sees. */
export function noService(service: string, namespaces: readonly string[]): NsmError {
  return new NsmError(
    'SERVICE_NOT_FOUND',
    `no network service ${service} in namespace ${namespaces.join(' or ')}: apply a NetworkService of that name, or start an endpoint that offers it`,
  )
}

/** Nobody is left to be asked: ENDPOINT_LOST when all that were asked died, else NO_ENDPOINT. */
export function noEndpoint(
  { connection, caller }: ManagerRequest,
  found: Found,
  failures: readonly NsmError[],
): NsmError {
  const { networkService, labels } = connection
  const last = failures.at(-1)
  const code =
    last !== undefined && failures.every(failure => failure.code === 'ENDPOINT_LOST')
      ? 'ENDPOINT_LOST'
      : 'NO_ENDPOINT'
  const why = [
    offer(found),
    ...(found.candidates.length === 0 && found.offering.length > 0 ? found.tried : []),
    ...(last === undefined ? [] : [`${count(failures.length, 'endpoint')} asked; ${last.message}`]),
  ]
  const message = `no endpoint of ${networkService} for ${callerName(caller)} (${labelText(labels)}): ${why.join('; ')}`
  return new NsmError(code, message, last === undefined ? undefined : { cause: last })
}

/** `1 endpoint`, `2 endpoints`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function offer({ offering, candidates, service, tried }: Found): string {
  if (offering.length > 0)
    return `${count(offering.length, 'endpoint')} offering it, ${candidates.length} for this client`
  const wanted = service.service.matches.length === 0 ? '' : `; ${tried.join('; ')}`
  return `no endpoint offers it yet${wanted}`
}
