import type { ClusterPod } from '#cli/cluster/cluster-pod.ts'
import type { Check, Finding } from './check.ts'
import { nodesCalled } from './names.ts'
import type { Lease, Node } from './objects.ts'
import { isReady } from './programs.ts'
import type { Clock } from './read-clock.ts'

/** Whether the managers live, as they tell each other. */
export const leases: Check = {
  id: 'manager-leases',
  what: 'every manager has renewed its Lease',
  find: async facts => {
    const [all, nodes, clock, pods] = await Promise.all([
      facts.leases(),
      facts.nodes(),
      facts.clock(),
      facts.programs(),
    ])
    return [...judgeLeases(all, nodes, clock), ...judgeWithout(all, pods)]
  },
}

/** Seconds that a node's clock may differ from the API server's. */
const tolerance = 10

/** Judges the Leases by the API server's clock. A manager that does not renew is dead for the others. */
export function judgeLeases(
  all: readonly Lease[],
  nodes: readonly Node[],
  { server }: Pick<Clock, 'server'>,
): readonly Finding[] {
  const known = new Set(nodes.map(({ metadata }) => metadata?.name))
  return all.flatMap(({ metadata, spec }): readonly Finding[] => {
    const node = spec?.holderIdentity ?? ''
    const age = (server - Date.parse(spec?.renewTime ?? '')) / 1_000
    const limit = (spec?.leaseDurationSeconds ?? 40) + tolerance
    if (age <= limit) return []
    const object = `Lease ${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`
    const since = Number.isNaN(age) ? 'was never renewed' : `was last renewed ${Math.round(age)} s ago`
    if (!known.has(node))
      return [
        {
          severity: 'note',
          object,
          finding: `${since}; its node ${node} is not in the cluster any more`,
          remedy: 'nothing; it goes with the Node',
        },
      ]
    return [
      {
        severity: 'error',
        object,
        finding: `${since}: the other managers take that of node ${node} for dead, and remove its endpoints`,
        remedy: `nsm logs manager/${node}; kubectl get node ${node}`,
      },
    ]
  })
}

/** Judges managers that run and have no Lease. */
export function judgeWithout(all: readonly Lease[], pods: readonly ClusterPod[]): readonly Finding[] {
  const known = new Set(all.map(({ spec }) => spec?.holderIdentity))
  const without = pods
    .filter(pod => pod.metadata?.labels?.['app'] === 'nsm-manager' && isReady(pod))
    .map(({ spec }) => spec?.nodeName ?? '')
    .filter(node => !known.has(node))
  if (without.length === 0) return []
  return [
    {
      severity: 'error',
      object: nodesCalled(without),
      finding:
        'the manager has no Lease, so that others do not know that it lives, and do not offer its endpoints',
      remedy: `nsm logs manager/${without[0] ?? ''} says what the API server refuses`,
    },
  ]
}
