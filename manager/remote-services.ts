import { NsmError } from '#sdk/errors.ts'
import { implement, type Served } from '#sdk/rpc/implement.ts'
import { MonitorConnection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import type { Monitor } from './monitor.ts'
import { type NetworkServiceOptions, networkServiceHandlers } from './network-service.ts'
import type { Caller } from './request.ts'

/** What serving other managers depends on. */
export interface RemoteServicesOptions extends NetworkServiceOptions {
  readonly monitor: Monitor
}

/** The node of the manager that calls, as its certificate says; undefined without TLS. */
type Peer = string | undefined

/**
 * What other managers may ask: connections to endpoints of this node, and to watch those that they have asked for.
 * Without TLS nobody vouches for the name that a manager gives itself in the path, and all may be watched.
 */
export function remoteServices(options: RemoteServicesOptions): readonly Served<Peer>[] {
  return [
    implement(NetworkService, networkServiceHandlers<Peer>(managerOf, options)),
    implement<typeof MonitorConnection, Peer>(MonitorConnection, {
      monitorConnections: (selector, { peer, signal }) =>
        options.monitor.watch({ selector, mayBeSeen: ({ caller }) => isOf(caller, peer) }, signal),
    }),
  ]
}

/** The manager that asks: the second segment of the path, after its client's, and the name in its certificate. */
function managerOf(peer: Peer, path: readonly { readonly name: string }[]): Caller {
  const name = path[1]?.name ?? ''
  if (name === '')
    throw new NsmError(
      'BAD_INPUT',
      'requesting a network service: the path does not name the manager that asks',
    )
  if (peer !== undefined && peer !== name)
    throw new NsmError(
      'DENIED',
      `requesting a network service: the path says that the manager of node ${JSON.stringify(name)} asks, and the certificate is of node ${peer}`,
    )
  return { kind: 'manager', name }
}

function isOf(caller: Caller, peer: Peer): boolean {
  return caller.kind === 'manager' && (peer === undefined || caller.name === peer)
}
