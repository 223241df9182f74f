import { initContainerName, socketResource } from '#webhook/names.ts'
import type { Check, Finding } from './check.ts'
import type { StoredPod } from './objects.ts'

/** Which pods depend on the device plugin coming back at once. */
export const initMode: Check = {
  id: 'init-mode',
  what: 'no running pod holds its socket in an init container',
  find: async facts => judgeInitMode(await facts.pods()),
}

/** Judges running pods whose init container holds the device; one note for each namespace. */
export function judgeInitMode(pods: readonly StoredPod[]): readonly Finding[] {
  const found = pods.filter(pod => pod.status?.phase === 'Running' && holdsInInit(pod))
  const groups = Object.groupBy(found, pod => pod.metadata?.namespace ?? '')
  return Object.entries(groups).map(([namespace, group = []]) => ({
    severity: 'note',
    object: `Pods ${namespace}/*`,
    finding: `${group.length} of them are in mode init, so they survive a restart of kubelet only if the device plugin is back within about 400 ms`,
    remedy: 'the annotation networkservicemesh.io/mode: sidecar has no such limit',
  }))
}

function holdsInInit(pod: StoredPod): boolean {
  return (pod.spec?.initContainers ?? []).some(
    ({ name, restartPolicy, resources }) =>
      name === initContainerName &&
      restartPolicy !== 'Always' &&
      resources?.limits?.[socketResource] !== undefined,
  )
}
