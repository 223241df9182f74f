import { NsmError } from '#sdk/errors.ts'
import type { Handlers } from '#sdk/rpc/types.ts'
import type { NSMD, Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { socketName } from '#sdk/workspace/socket-address.ts'
import type { Events } from './events.ts'
import type { Pods } from './pods.ts'
import { podName } from './request.ts'
import type { Workspaces } from './workspaces.ts'

/** What serving the runner depends on. */
export interface NsmdOptions {
  readonly pods: Pods
  readonly workspaces: Workspaces
  readonly events: Events
  readonly baseDir: string
  /** Ends the connections of a pod and withdraws its endpoints. */
  readonly podGone: (pod: Pod) => Promise<void>
  /** Called whenever the runner tells of a pod. */
  readonly runnerSpoke: () => void
  /** Withdraws the endpoints that were registered from a workspace. */
  readonly workspaceGone: (workspace: string) => Promise<void>
}

/** Where containers see their workspace (NSM v0.2). */
const clientBaseDir = '/var/lib/networkservicemesh/'

/** Serves NSMD to the device plugin, or to the local runner in its place. */
export function nsmdHandlers(options: NsmdOptions): Handlers<typeof NSMD, unknown> {
  const { workspaces, baseDir, workspaceGone } = options
  return {
    async requestClientConnection({ workspace, pod, podUid }) {
      if (pod !== undefined) putPod(pod, options)
      await workspaces.open(workspace, pod?.uid ?? podUid)
      return {
        workspace,
        hostBasedir: baseDir,
        clientBaseDir,
        nsmServerSocket: socketName.server,
        nsmClientSocket: socketName.client,
      }
    },
    enumConnection: async () => ({ workspace: [...workspaces.ids()] }),
    async deleteClientConnection({ workspace, unclaimed }) {
      const owner = workspaces.ownerOf(workspace)
      // Kubelet may have given it to a pod that never came to ask for anything.
      if (unclaimed && owner !== undefined && options.pods.get(owner) !== undefined) return {}
      await workspaceGone(workspace)
      await workspaces.close(workspace)
      return {}
    },
    async putPod(pod) {
      putPod(pod, options)
      return {}
    },
    // Also of a pod that is unknown by now: a manager that was killed may have forgotten only a part of it.
    async deletePod(pod) {
      await forgetPod(pod, options)
      return {}
    },
  }
}

/**
 * Ends all that a pod has: connections, endpoints, workspaces. The journal forgets the pod itself last: a manager that
 * is killed before is followed by one that knows that there is something left to end.
 */
export async function forgetPod(
  pod: Pod,
  { pods, workspaces, podGone }: Pick<NsmdOptions, 'pods' | 'workspaces' | 'podGone'>,
): Promise<void> {
  pods.retire(pod.uid)
  await podGone(pod)
  await Promise.all(workspaces.ofPod(pod.uid).map(workspace => workspaces.close(workspace)))
  // It may have come again meanwhile.
  if (pods.get(pod.uid) === undefined) pods.remove(pod.uid)
}

function putPod(pod: Pod, { pods, events, runnerSpoke }: NsmdOptions): void {
  if (pod.uid === '' || pod.name === '' || pod.namespace === '' || pod.netnsCookie === 0n)
    throw new NsmError(
      'BAD_INPUT',
      `telling of pod ${podName(pod)}: it needs a uid, a name, a namespace and the cookie of its network namespace`,
    )
  runnerSpoke()
  if (pods.put(pod) === 'known') return
  events.tell({
    step: 'pod-started',
    object: podName(pod),
    text: `${podName(pod)} is there, in network namespace ${pod.netnsCookie}`,
  })
}
