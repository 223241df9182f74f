import type { RunnablePodSpec } from '#local/objects/object.ts'
import { NsmError } from '#sdk/errors.ts'

/** The node label that a `nodeSelector` may name. */
const hostname = 'kubernetes.io/hostname'

/**
 * Decides on which node a pod runs: the one that it names, else the one with the fewest pods.
 * Throws BAD_INPUT when it names one that does not exist.
 */
export function chooseNode(spec: RunnablePodSpec, load: ReadonlyMap<string, number>): string {
  const named = spec.nodeName ?? spec.nodeSelector?.[hostname]
  if (named !== undefined && load.has(named)) return named
  if (named !== undefined)
    throw new NsmError('BAD_INPUT', `no node is called ${named}; there are ${[...load.keys()].join(', ')}`)
  const [least] = [...load].toSorted(([, a], [, b]) => a - b)
  if (least === undefined) throw new NsmError('INTERNAL', 'the mesh has no node')
  return least[0]
}
