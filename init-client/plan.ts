import { hostname } from 'node:os'
import type { Address } from '#sdk/rpc/types.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { socketAddress } from '#sdk/workspace/socket-address.ts'
import type { ClientConfig } from './config.ts'
import { entriesOf } from './entries.ts'
import { livenessOf } from './liveness.ts'
import { toRequests } from './request.ts'

/** What a client is going to ask, and whom. */
export interface ClientPlan {
  readonly requests: readonly NetworkServiceRequest[]
  /** Where the manager listens. */
  readonly address: Address
}

/** Makes the plan of an environment. Fails with BAD_ANNOTATION or BAD_CONFIG before anybody is asked. */
export function planOf(settings: ClientConfig): ClientPlan {
  const { namespace, routes, serverSocket: socket, workspace } = settings
  const podName = settings.podName === '' ? hostname() : settings.podName
  return {
    requests: toRequests(entriesOf(settings), {
      podName,
      namespace,
      routes,
      extraContext: livenessOf(settings),
    }),
    address: socketAddress('server', { socket, workspace }),
  }
}
