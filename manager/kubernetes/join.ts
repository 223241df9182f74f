import type { Socket } from 'node:net'
import type { KubeApi } from '#kube/api.ts'
import { connectApi } from '#kube/connect-api.ts'
import { EventSender } from '#kube/events/event-sender.ts'
import type { Peer } from '#manager/identity.ts'
import { urlOf } from '#manager/public-url.ts'
import { type KubernetesRegistry, kubernetesRegistry } from '#registry/kubernetes/registry.ts'
import type { Registry } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { ClusterPrefixes } from './cluster-prefixes.ts'
import { NodePods } from './node-pods.ts'
import { podsOfProcess } from './process-pods.ts'
import type { Report } from './tell-pods.ts'

/** Milliseconds that the start waits for the prefixes of the cluster. */
const prefixesMs = 2000

const reporter = { controller: 'networkservicemesh.io/manager', action: 'Connect' } as const

/** What a manager has from the cluster that it runs in. */
export interface Cluster extends AsyncDisposable {
  readonly api: KubeApi
  readonly nodePods: NodePods
  /** Makes the registry of custom resources. */
  readonly registryOf: (cache: Registry) => KubernetesRegistry
  /** The addresses of its pods and services; none where the settings name them. */
  readonly prefixes: () => readonly string[]
  /** Makes Events. */
  readonly report: Report
  /** Names the process at the other end of a socket, with the pods that its cgroups say it lies in. */
  readonly peerOf: (socket: Socket) => Peer
}

/** What joining needs. */
export interface JoinOptions {
  readonly node: string
  /** Namespace of the mesh. */
  readonly sharedNamespace: string
  /** `host:port` that other managers are told. */
  readonly publicUrl: string
  /** As they are set; empty asks the API server. */
  readonly excludedPrefixes: readonly string[]
  readonly peerOf: (socket: Socket) => Peer
  readonly peerLives: (socket: Socket) => 'yes' | 'no' | 'unknown'
  readonly log: Log
}

/**
 * Joins the cluster of this pod's service account. Throws BAD_CONFIG outside of one, and when nothing says where other managers
 * reach this one; the API server may be away.
 */
export async function joinCluster(options: JoinOptions): Promise<Cluster> {
  const { node, sharedNamespace, publicUrl, peerOf, peerLives, log } = options
  if (publicUrl === '')
    throw new NsmError(
      'BAD_CONFIG',
      'NSMD_PUBLIC_API: with NSM_KUBERNETES it has to say where other managers reach this one, as $(POD_IP):5001',
    )
  await using undo = new AsyncDisposableStack()
  const api = undo.use(await connectApi('in-cluster'))
  const nodePods = undo.use(new NodePods({ api, node, log }))
  const asked = options.excludedPrefixes.length > 0 ? undefined : undo.use(new ClusterPrefixes({ api, log }))
  await asked?.ready(prefixesMs)
  const sender = undo.use(new EventSender({ api, log, reporter: { ...reporter, instance: node } }))
  const joined = undo.move()
  return {
    api,
    nodePods,
    prefixes: () => asked?.get() ?? [],
    registryOf: cache =>
      kubernetesRegistry({
        api,
        node,
        url: urlOf(publicUrl),
        ownNamespace: sharedNamespace,
        cache,
        log,
      }),
    report: make => sender.record(make),
    peerOf: socket => {
      const peer = peerOf(socket)
      const podUids = podsOfProcess(peer.pid)
      // Last: only a process that still is cannot have left its pid to another before we looked.
      return { ...peer, podUids: peerLives(socket) === 'no' ? [] : podUids }
    },
    [Symbol.asyncDispose]: () => joined.disposeAsync(),
  }
}
