import type { ClusterPod } from './cluster-pod.ts'

/** Whether a pod still counts: it has not ended, and nobody has asked for its end. */
export function isAlive({ metadata, status }: Pick<ClusterPod, 'metadata' | 'status'>): boolean {
  return (
    metadata?.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
  )
}
