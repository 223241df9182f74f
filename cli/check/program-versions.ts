import type { ManagerAnswer } from '#cli/cluster/ask-managers.ts'
import type { ClusterPod } from '#cli/cluster/cluster-pod.ts'
import type { Check, Finding } from './check.ts'
import { nodesCalled, someOf } from './names.ts'

/** Whether the programs of the mesh are of one version. */
export const programVersions: Check = {
  id: 'program-versions',
  what: 'the programs of the mesh are of one version',
  find: async facts => {
    const [pods, managers, namespace] = await Promise.all([
      facts.programs(),
      facts.managers(),
      facts.meshNamespace(),
    ])
    return [...judgeImages(pods, namespace), ...judgeManagers(managers)]
  },
}

/** Judges the images of each program; one finding for a program that has several. */
export function judgeImages(pods: readonly ClusterPod[], namespace: string): readonly Finding[] {
  const used = pods.flatMap(({ spec }) =>
    (spec?.containers ?? []).map(({ name = '', image = '' }) => ({ name, image })),
  )
  return Object.entries(Object.groupBy(used, ({ name }) => name)).flatMap(([name, group = []]) => {
    const images = [...new Set(group.map(({ image }) => image))]
    if (images.length < 2) return []
    return [
      {
        severity: 'warning' as const,
        object: `Pods ${namespace}/*`,
        finding: `program ${name} runs from ${images.length} images: ${someOf(images)}`,
        remedy: `an upgrade is going on, or was stopped: kubectl -n ${namespace} rollout status daemonset`,
      },
    ]
  })
}

/** Judges what managers say of their version. */
export function judgeManagers(answers: readonly ManagerAnswer[]): readonly Finding[] {
  const told = answers.flatMap(answer =>
    'status' in answer ? [{ node: answer.node, version: answer.status.version }] : [],
  )
  const versions = Object.groupBy(told, ({ version }) => version)
  if (Object.keys(versions).length < 2) return []
  return Object.entries(versions).map(([version, group = []]) => ({
    severity: 'warning',
    object: nodesCalled(group.map(({ node }) => node)),
    finding: `the manager is of version ${version}, others are not`,
    remedy: 'finish the upgrade: nsm install',
  }))
}
