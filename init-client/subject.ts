import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { parameter } from '#sdk/wire/mechanism.ts'

/** What a request is for, in messages: `vpn-gateway (interface nsm0)`. */
export function subjectOf(request: NetworkServiceRequest): string {
  return `${request.connection?.networkService} (interface ${interfaceOf(request)})`
}

/** What came of a request, in messages: `vpn-gateway → nsm0 10.60.1.1/30 (2 routes)`. */
export function resultOf(request: NetworkServiceRequest, connection: Connection): string {
  const ip = connection.context?.ipContext
  const count = ip?.srcRoutes.length ?? 0
  return [
    `${connection.networkService} → ${connection.mechanism?.parameters[parameter.name] ?? interfaceOf(request)}`,
    ...(ip?.srcIpAddrs ?? []),
    ...(count === 0 ? [] : [`(${count} ${count === 1 ? 'route' : 'routes'})`]),
  ].join(' ')
}

function interfaceOf(request: NetworkServiceRequest): string {
  return request.mechanismPreferences[0]?.parameters[parameter.name] ?? ''
}
