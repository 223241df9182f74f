import type { JsonObject } from '#kube/shape.ts'
import { numberAt } from './object.ts'

/** Why a Deployment or DaemonSet is not yet as its template says, on every node; undefined when it is. */
export function whyNotRolledOut(workload: JsonObject): string | undefined {
  if (numberAt(workload, 'status', 'observedGeneration') < numberAt(workload, 'metadata', 'generation'))
    return 'its controller has not seen it yet'
  const { wanted, updated, available, total } = counts(workload)
  if (updated < wanted) return `${updated} of ${wanted} pods are new`
  if (total > wanted) return `${total - wanted} old pods are still there`
  if (available < wanted) return `${available} of ${wanted} pods are ready`
  return undefined
}

function counts(workload: JsonObject) {
  const count = (...keys: readonly string[]) => numberAt(workload, ...keys)
  if (workload['kind'] === 'DaemonSet' || count('status', 'desiredNumberScheduled') > 0) {
    const wanted = count('status', 'desiredNumberScheduled')
    return {
      wanted,
      updated: count('status', 'updatedNumberScheduled'),
      available: count('status', 'numberAvailable'),
      total: wanted,
    }
  }
  return {
    wanted: count('spec', 'replicas'),
    updated: count('status', 'updatedReplicas'),
    available: count('status', 'availableReplicas'),
    total: count('status', 'replicas'),
  }
}
