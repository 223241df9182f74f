import type { ClusterPod } from '#cli/cluster/cluster-pod.ts'
import { podStatus } from '#cli/cluster/pod-status.ts'
import type { Check, Finding } from './check.ts'
import { nodesCalled } from './names.ts'
import type { Node } from './objects.ts'

/** Whether the programs of the mesh run on every node that takes pods. */
export const programs: Check = {
  id: 'programs',
  what: 'manager, device plugin and forwarder are ready on every node',
  find: async facts => {
    const [pods, nodes, namespace] = await Promise.all([
      facts.programs(),
      facts.nodes(),
      facts.meshNamespace(),
    ])
    return judgePrograms(pods, nodes, namespace)
  },
}

const daemons = ['nsm-manager', 'nsm-forwarder']

/** Judges the pods of the DaemonSets, by node; one finding for each state that nodes are in. */
export function judgePrograms(
  pods: readonly ClusterPod[],
  nodes: readonly Node[],
  namespace: string,
): readonly Finding[] {
  const wanted = nodes.filter(takesPods).map(({ metadata }) => metadata?.name ?? '')
  return daemons.flatMap(app => {
    const own = pods.filter(({ metadata }) => metadata?.labels?.['app'] === app)
    const states = wanted.flatMap(node => {
      const state = stateOf(own.filter(({ spec }) => spec?.nodeName === node))
      return state === undefined ? [] : [{ node, ...state }]
    })
    return Object.values(Object.groupBy(states, ({ finding }) => finding)).map((group = []) => ({
      severity: 'error' as const,
      object: nodesCalled(group.map(({ node }) => node)),
      finding: `${app} ${group[0]?.finding ?? ''}; pods that ask for network services do not start there`,
      remedy: remedyOf({ app, namespace, pod: group[0]?.pod ?? '' }),
    }))
  })
}

/** Whether pods are put on a node, and run. */
export function takesPods(node: Node): boolean {
  return isReady(node) && node.spec?.unschedulable !== true
}

/** Undefined when a pod is ready. */
function stateOf(
  pods: readonly ClusterPod[],
): { readonly finding: string; readonly pod: string } | undefined {
  const [first] = pods
  if (first === undefined) return { finding: 'does not run', pod: '' }
  if (pods.some(isReady)) return undefined
  const { status, ready, total, containers = [] } = podStatus(first)
  const words = containers.map(({ message = '' }) => message).find(message => message !== '')
  return {
    finding: `is ${status} with ${ready} of ${total} containers ready${words === undefined ? '' : ` (${words})`}`,
    pod: first.metadata?.name ?? '',
  }
}

/** Whether a pod or a node is ready. */
export function isReady({ status }: Pick<ClusterPod, 'status'> | Node): boolean {
  return (status?.conditions ?? []).some(({ type, status: holds }) => type === 'Ready' && holds === 'True')
}

function remedyOf({
  app,
  namespace,
  pod,
}: {
  readonly app: string
  readonly namespace: string
  readonly pod: string
}) {
  return pod === ''
    ? `kubectl -n ${namespace} describe daemonset ${app} says why; nsm install puts it there`
    : `kubectl -n ${namespace} describe pod ${pod}; kubectl -n ${namespace} logs ${pod} --all-containers`
}
