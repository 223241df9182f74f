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

/**
 * What other managers may ask: connections to endpoints of this node, and to watch them. Without TLS nobody vouches for
 * the name that a manager gives itself in the path, so this is only served by an explicit switch.
 */
export function remoteServices(options: RemoteServicesOptions): readonly Served<undefined>[] {
  return [
    implement(
      NetworkService,
      networkServiceHandlers<undefined>((_, path) => managerIn(path), options),
    ),
    implement<typeof MonitorConnection, undefined>(MonitorConnection, {
      monitorConnections: (selector, { signal }) =>
        options.monitor.watch({ selector, mayBeSeen: ({ caller }) => caller.kind === 'manager' }, signal),
    }),
  ]
}

/** The manager that asks: the second segment of the path, after its client's. */
function managerIn(path: readonly { readonly name: string }[]): Caller {
  const name = path[1]?.name ?? ''
  if (name !== '') return { kind: 'manager', name }
  throw new NsmError(
    'BAD_INPUT',
    'requesting a network service: the path does not name the manager that asks',
  )
}
