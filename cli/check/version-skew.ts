import { annotationsOf } from '#kube/meta.ts'
import { statusOf } from '#webhook/status.ts'
import type { Check, Finding } from './check.ts'
import { isInjected, ownContainers } from './is-injected.ts'
import type { StoredPod } from './objects.ts'
import type { Trial } from './try-pod.ts'

/** Whether pods still have what an earlier version of the webhook put there. */
export const versionSkew: Check = {
  id: 'version-skew',
  what: 'every injected pod has the image that the webhook puts there now',
  find: async facts =>
    judgeSkew(await facts.pods(), [await facts.trial('init'), await facts.trial('sidecar')]),
}

/** Judges images, container by container; a pod that chose its own is left alone. One finding for each namespace and image. */
export function judgeSkew(pods: readonly StoredPod[], trials: readonly Trial[]): readonly Finding[] {
  const wanted = new Map(
    trials.flatMap(trial => {
      const image = trial.made ? statusOf(trial.pod)?.image : undefined
      return trial.made ? ownContainers(trial.pod).map(({ name }) => [name, image] as const) : []
    }),
  )
  const old = pods.flatMap(pod => {
    if (!isInjected(pod) || annotationsOf(pod)['networkservicemesh.io/image'] !== undefined) return []
    const image = statusOf(pod)?.image
    const now = wanted.get(ownContainers(pod)[0]?.name)
    return now === undefined || image === now
      ? []
      : [{ namespace: pod.metadata?.namespace ?? '', image, now }]
  })
  return Object.values(Object.groupBy(old, ({ namespace, image }) => `${namespace} ${image}`)).flatMap(
    group => {
      const [first] = group ?? []
      if (group === undefined || first === undefined) return []
      return {
        severity: 'warning' as const,
        object: `Pods ${first.namespace}/*`,
        finding: `${group.length} of them have ${first.image}; the webhook puts ${first.now} into new ones`,
        remedy: `kubectl -n ${first.namespace} rollout restart deployment (statefulset, daemonset), when it suits`,
      }
    },
  )
}
