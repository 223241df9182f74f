import type { Address, CallOptions } from '#sdk/rpc/types.ts'
import { unary } from '#sdk/rpc/unary.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'

/** The manager as a client sees it. */
export interface Manager {
  request(request: NetworkServiceRequest, options: CallOptions): Promise<Connection>
  close(connection: Connection, options: CallOptions): Promise<void>
}

/** The manager behind a socket. Each call has a connection of its own, so nothing stays open in between. */
export function managerAt(address: Address): Manager {
  return {
    request: (request, options) => unary(address, NetworkService.method.request, request, options),
    close: async (connection, options) => {
      await unary(address, NetworkService.method.close, connection, options)
    },
  }
}
