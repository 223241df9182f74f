import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { newScope } from '#sdk/chain/scope.ts'
import type { Call } from '#sdk/chain/step.ts'
import { silent } from '#sdk/log.ts'
import type { Connection, ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import {
  type NetworkServiceRequest,
  NetworkServiceRequestSchema,
} from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { answer } from './answer.ts'
import type { EndpointStep } from './endpoint-step.ts'

/** For tests: a request for the service `web` with the id `c1`, unless said otherwise. */
export function requestOf(connection: MessageInitShape<typeof ConnectionSchema> = {}): NetworkServiceRequest {
  return create(NetworkServiceRequestSchema, {
    connection: { id: 'c1', networkService: 'web', ...connection },
  })
}

/** For tests: a call of its own, as `begin` would make one for a new connection. */
export function newCall(): Call {
  return { scope: newScope(), signal: new AbortController().signal, log: silent }
}

/** For tests: runs one step before the end of an endpoint's chain. */
export async function run(
  step: EndpointStep,
  request: NetworkServiceRequest = requestOf(),
  call: Call = newCall(),
): Promise<Connection> {
  if (step.request === undefined) return await answer.request(request, call)
  return await step.request(request, call, answer.request)
}
