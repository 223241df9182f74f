import type { Socket } from 'node:net'
import type { KubeApi } from '#kube/api.ts'
import { connectApi } from '#kube/connect-api.ts'
import type { Peer } from '#manager/identity.ts'
import type { Log } from '#sdk/log.ts'
import { NodePods } from './node-pods.ts'
import { podsOfProcess } from './process-pods.ts'

/** What a manager has from the cluster that it runs in. */
export interface Cluster extends AsyncDisposable {
  readonly api: KubeApi
  readonly nodePods: NodePods
  /** Names the process at the other end of a socket, with the pods that its cgroups say it lies in. */
  readonly peerOf: (socket: Socket) => Peer
}

/** What joining needs. */
export interface JoinOptions {
  readonly node: string
  readonly peerOf: (socket: Socket) => Peer
  readonly log: Log
}

/** Joins the cluster of this pod's service account. Throws BAD_CONFIG outside of one; the API server may be away. */
export async function joinCluster({ node, peerOf, log }: JoinOptions): Promise<Cluster> {
  await using undo = new AsyncDisposableStack()
  const api = undo.use(await connectApi('in-cluster'))
  const nodePods = undo.use(new NodePods({ api, node, log }))
  const joined = undo.move()
  return {
    api,
    nodePods,
    peerOf: socket => {
      const peer = peerOf(socket)
      return { ...peer, podUids: podsOfProcess(peer.pid) }
    },
    [Symbol.asyncDispose]: () => joined.disposeAsync(),
  }
}
