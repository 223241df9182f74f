import type { Container, Pod } from '#kube/pod.ts'
import { ownNames } from '#webhook/names.ts'
import { statusOf } from '#webhook/status.ts'

/** The containers of a pod that have a name of ours. */
export function ownContainers(pod: Pod): readonly Container[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].filter(({ name = '' }) =>
    ownNames.includes(name),
  )
}

/** Whether a pod was injected: it has a container of ours, and our status lists it. */
export function isInjected(pod: Pod): boolean {
  const status = statusOf(pod)
  const listed = [...(status?.initContainers ?? []), ...(status?.containers ?? [])]
  return ownContainers(pod).some(({ name = '' }) => listed.includes(name))
}
