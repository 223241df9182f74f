import type { PodObject } from '#local/objects/object.ts'
import { NsmError } from '#sdk/errors.ts'
import { mayRunOn, type PlacedPod } from './affinity.ts'

/** The node label that a `nodeSelector` may name. */
const hostname = 'kubernetes.io/hostname'

/**
 * Decides on which node a pod runs: the one that it names, else among those that its affinity to other pods allows the
 * one with the fewest pods. Throws BAD_INPUT when there is none.
 */
export function chooseNode(pod: PodObject, nodes: readonly string[], others: readonly PlacedPod[]): string {
  const named = pod.spec.nodeName ?? pod.spec.nodeSelector?.[hostname]
  if (named !== undefined && nodes.includes(named)) return named
  if (named !== undefined)
    throw new NsmError('BAD_INPUT', `no node is called ${named}; there are ${nodes.join(', ')}`)
  const load = (node: string): number => others.filter(other => other.node === node).length
  const [least] = nodes.filter(node => mayRunOn(node, pod, others)).toSorted((a, b) => load(a) - load(b))
  if (least !== undefined) return least
  throw new NsmError(
    'BAD_INPUT',
    `the affinity of pod ${pod.metadata.name} to other pods allows none of the nodes ${nodes.join(', ')}`,
  )
}
