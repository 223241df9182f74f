import { begin } from '#sdk/chain/begin.ts'
import { idOf } from '#sdk/elements/endpoint-step.ts'
import type { Log } from '#sdk/log.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { type Server, serve } from '#sdk/rpc/serve.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { MonitorConnection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import type { EndpointChain } from './chain.ts'

/** Everybody who can reach the socket may ask: it lies in the workspace, where only this pod and the manager are. */
const mode = 0o666

/** Serves a chain as NetworkService and MonitorConnection. Disposing ends the requests that run. */
export async function serveEndpoint(
  { service, monitor }: EndpointChain,
  address: Address,
  log: Log,
): Promise<Server> {
  const endpoint = begin(service, { idOf, log })
  const server = await serve({
    address,
    mode,
    peerOf: () => undefined,
    log,
    services: [
      implement(NetworkService, {
        request: async (request, { signal }) => {
          const level = endpoint.last(idOf(request)) === undefined ? 'info' : 'debug'
          const connection = await endpoint.request(request, signal)
          const addresses = connection.context?.ipContext?.srcIpAddrs
          log[level]({ id: connection.id, addresses }, `accepted connection ${connection.id}`)
          return connection
        },
        close: async ({ id }, { signal }) => {
          await endpoint.close(id, signal)
          log.info({ id }, `closed connection ${id}`)
          return {}
        },
      }),
      implement(MonitorConnection, {
        monitorConnections: (selector, { signal }) => monitor.watch(selector, signal),
      }),
    ],
  })
  return {
    address: server.address,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      await endpoint[Symbol.asyncDispose]()
    },
  }
}
