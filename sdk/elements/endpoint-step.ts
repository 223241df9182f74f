import { create } from '@bufbuild/protobuf'
import type { Step } from '#sdk/chain/step.ts'
import { NsmError } from '#sdk/errors.ts'
import { type Connection, ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import {
  type ConnectionContext,
  ConnectionContextSchema,
  type IPContext,
  IPContextSchema,
} from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'

/** A step of an endpoint: completes the connection of a request on the way in, or looks at the answer. */
export type EndpointStep = Step<NetworkServiceRequest, Connection>

/** The connection of a request, an empty one when the request carries none. */
export function connectionOf(request: NetworkServiceRequest): Connection {
  return request.connection ?? create(ConnectionSchema)
}

/** The id that the connection of a request has. Fails with BAD_INPUT when it has none. */
export function idOf(request: NetworkServiceRequest): string {
  const id = connectionOf(request).id
  if (id === '') throw new NsmError('BAD_INPUT', 'a request without a connection id: set connection.id')
  return id
}

/** The request with some fields of its connection replaced. */
export function withConnection(
  request: NetworkServiceRequest,
  change: Partial<Connection>,
): NetworkServiceRequest {
  return { ...request, connection: { ...connectionOf(request), ...change } }
}

/** The addresses and routes of a connection, an empty context when it has none. */
export function ipContextOf(connection: Connection): IPContext {
  return connection.context?.ipContext ?? create(IPContextSchema)
}

/** The request with some of the context of its connection replaced. */
export function withContext(
  request: NetworkServiceRequest,
  change: Partial<ConnectionContext>,
): NetworkServiceRequest {
  const context = connectionOf(request).context ?? create(ConnectionContextSchema)
  return withConnection(request, { context: { ...context, ...change } })
}

/** The request with some addresses or routes of its connection replaced. */
export function withIpContext(
  request: NetworkServiceRequest,
  change: Partial<IPContext>,
): NetworkServiceRequest {
  return withContext(request, { ipContext: { ...ipContextOf(connectionOf(request)), ...change } })
}
