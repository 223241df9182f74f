import { socketResource } from '#webhook/names.ts'
import type { Check, Finding } from './check.ts'
import { nodesCalled } from './names.ts'
import type { Node } from './objects.ts'
import { takesPods } from './programs.ts'

/** Whether kubelet has sockets to give on every node. */
export const devicePlugin: Check = {
  id: 'device-plugin',
  what: `every node has ${socketResource} to give`,
  find: async facts => judgeDevices(await facts.nodes(), await facts.meshNamespace()),
}

/** Judges what kubelets have told of the resource; one finding for the nodes that have none. */
export function judgeDevices(nodes: readonly Node[], namespace: string): readonly Finding[] {
  const without = nodes
    .filter(takesPods)
    .filter(({ status }) => Number(status?.allocatable?.[socketResource] ?? 0) === 0)
    .map(({ metadata }) => metadata?.name ?? '')
  if (without.length === 0) return []
  return [
    {
      severity: 'error',
      object: nodesCalled(without),
      finding: `has no ${socketResource} to give: the device plugin is not registered with kubelet, so pods that ask for network services stay Pending`,
      remedy: `kubectl -n ${namespace} logs daemonset/nsm-manager -c device-plugin (nsm logs device-plugin/${without[0] ?? ''})`,
    },
  ]
}
