import type { Check, Finding } from './check.ts'
import { nodesCalled } from './names.ts'
import type { Node } from './objects.ts'

/** Whether the kernels of the nodes are new enough; which kinds of links they have is told by `tunnels`. */
export const kernels: Check = {
  id: 'kernels',
  what: 'every node has Linux 5.14, by which pods are told apart, or later',
  find: async facts => judgeKernels(await facts.nodes()),
}

/** What a kernel lacks before a version, newest last; the first that holds is told. */
const steps = [
  {
    before: [5, 14],
    severity: 'error',
    lacks: 'does not name network namespaces (SO_NETNS_COOKIE), so no pod of the node can be connected',
  },
  {
    before: [5, 18],
    severity: 'note',
    lacks: 'does not mark addresses (IFA_PROTO), so those that somebody else adds to our links count as ours',
  },
] as const

/** Judges what kubelets tell of their kernels; one finding for each version that lacks something. */
export function judgeKernels(nodes: readonly Node[]): readonly Finding[] {
  const found = nodes.flatMap(({ metadata, status }) => {
    const version = status?.nodeInfo?.kernelVersion ?? ''
    const step = steps.find(({ before }) => isBefore(version, before))
    return step === undefined ? [] : [{ node: metadata?.name ?? '', version, ...step }]
  })
  return [...Map.groupBy(found, ({ version }) => version)].flatMap(([version, group]) => {
    const [first] = group
    if (first === undefined) return []
    return [
      {
        severity: first.severity,
        object: nodesCalled(group.map(({ node }) => node)),
        finding: `has Linux ${version}, which ${first.lacks}`,
        remedy: `boot Linux ${first.before.join('.')} or later${first.severity === 'error' ? '; keep annotated pods off the node until then' : ''}`,
      },
    ]
  })
}

/** `6.1.0-13-amd64`; one that cannot be read is before none. */
function isBefore(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  if (ownMajor === undefined) return false
  return Number(ownMajor) === major ? Number(ownMinor) < minor : Number(ownMajor) < major
}
