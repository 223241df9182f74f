import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { socketResource } from '#webhook/names.ts'
import type { Target } from './apply.ts'
import { at, listAt, textAt } from './object.ts'
import { type Step, step } from './step.ts'
import { until } from './until.ts'

/**
 * Waits until every node has sockets to give: kubelet tells the API server of them up to ten seconds after the device plugin is
 * ready, and until then pods that ask for network services stay Pending. Throws DEADLINE that names the nodes.
 */
export async function* waitForSockets({ api, signal }: Target): AsyncGenerator<Step> {
  let without: readonly string[] = []
  yield step(socketResource, 'waiting', 'until every node has told of it')
  const found = (nodes: readonly JsonObject[]) => {
    without = nodesWithoutSockets(nodes)
    return without.length === 0 ? 'everywhere' : undefined
  }
  await until(api, { path: '/api/v1/nodes', found, signal }).catch((cause: unknown) => {
    const error = NsmError.from(cause)
    if (error.code !== 'DEADLINE') throw error
    throw new NsmError(
      'DEADLINE',
      `install: ${socketResource} is not there in time: kubelet of ${without.join(', ')} does not know the device plugin; see kubectl -n nsm-system logs daemonset/nsm-manager -c device-plugin`,
      { cause },
    )
  })
  yield step(socketResource, 'ready')
}

/** Names of the nodes that take pods, but have no sockets for them. */
export function nodesWithoutSockets(nodes: readonly JsonObject[]): readonly string[] {
  return nodes
    .filter(
      node =>
        at(node, 'spec', 'unschedulable') !== true &&
        textAt(node, 'metadata', 'labels', 'kubernetes.io/os') === 'linux' &&
        listAt(node, 'status', 'conditions').some(
          ({ type, status }) => type === 'Ready' && status === 'True',
        ) &&
        Number(textAt(node, 'status', 'allocatable', socketResource)) === 0,
    )
    .map(node => textAt(node, 'metadata', 'name'))
}
