import { implement, type Served } from '#sdk/rpc/implement.ts'
import { MonitorConnection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { NetworkServiceEndpointRegistry, NetworkServiceRegistry } from '#sdk/wire/gen/registry/registry_pb.ts'
import { type Door, type IdentityOptions, identify, type Peer, podCaller } from './identity.ts'
import type { Monitor } from './monitor.ts'
import { type NetworkServiceOptions, networkServiceHandlers } from './network-service.ts'
import {
  endpointRegistryHandlers,
  type RegistryServiceOptions,
  serviceRegistryHandlers,
} from './registry-service.ts'

/** What serving a workspace depends on. */
export interface WorkspaceServicesOptions
  extends IdentityOptions,
    NetworkServiceOptions,
    RegistryServiceOptions {
  readonly monitor: Monitor
  /** Binds a workspace without an owner to the first pod that uses it. */
  readonly claim: (door: Door, owner: string) => void
  /** Makes the pod of a caller known before it is identified, where nobody tells of pods beforehand. */
  readonly admit?: ((peer: Peer, door: Door) => Promise<void>) | undefined
}

/** The services of one workspace's socket: what its pod, and nobody else, may ask of the manager. */
export function workspaceServices(door: Door, options: WorkspaceServicesOptions): readonly Served<Peer>[] {
  const podOf = async (peer: Peer): Promise<Pod> => {
    await options.admit?.(peer, door)
    const pod = identify(peer, door, options)
    options.claim(door, pod.uid)
    return pod
  }
  const registrantOf = async (peer: Peer) => ({
    pod: await podOf(peer),
    pid: peer.pid,
    workspace: door.workspace,
  })
  return [
    implement(
      NetworkService,
      networkServiceHandlers<Peer>(async peer => podCaller(await podOf(peer), peer), options),
    ),
    implement<typeof MonitorConnection, Peer>(MonitorConnection, {
      async *monitorConnections(selector, { peer, signal }) {
        const { uid } = await podOf(peer)
        yield* options.monitor.watch(
          { selector, mayBeSeen: ({ caller }) => caller.kind === 'pod' && caller.pod.uid === uid },
          signal,
        )
      },
    }),
    implement(NetworkServiceRegistry, serviceRegistryHandlers(podOf, options)),
    implement(NetworkServiceEndpointRegistry, endpointRegistryHandlers(registrantOf, options)),
  ]
}
