import { create } from '@bufbuild/protobuf'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { ConnectionContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'

/** The cross connect with the MTU that its link has, in the contexts of both ends, so that the manager learns of it. */
export function withMtu(crossConnect: CrossConnect, mtu: number): CrossConnect {
  const { source, destination } = crossConnect
  return {
    ...crossConnect,
    ...(source === undefined ? {} : { source: connectionWithMtu(source, mtu) }),
    ...(destination === undefined ? {} : { destination: connectionWithMtu(destination, mtu) }),
  }
}

function connectionWithMtu(connection: Connection, mtu: number): Connection {
  const context = connection.context ?? create(ConnectionContextSchema)
  return { ...connection, context: { ...context, MTU: mtu } }
}
