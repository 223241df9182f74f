import type { Pod } from '#kube/pod.ts'
import { decide } from './decide.ts'
import { initContainer } from './init-container.ts'
import { addEntries, type Operation, pointer } from './json-patch.ts'
import { initContainerName, statusAnnotation } from './names.ts'
import type { PatchSettings } from './settings.ts'
import { printStatus } from './status.ts'

/** What becomes of an object: a patch (empty when it stays as it is), why not, and what to tell its owner. */
export interface PatchResult {
  readonly patch: readonly Operation[]
  /** Empty when the object is changed. */
  readonly reasons: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Hop 2: the JSON Patch that puts the init container in front of a pod's others. A second pass over the patched pod
 * gives an empty patch. Throws NsmError BAD_ANNOTATION or ALREADY_EXISTS when the pod must be refused.
 */
export function patchPod(
  pod: Pod,
  settings: PatchSettings,
  namespace = pod.metadata?.namespace ?? 'default',
): PatchResult {
  const decision = decide(pod, namespace, settings)
  if (!decision.inject) return { patch: [], reasons: decision.reasons, warnings: decision.warnings }
  const container = initContainer(pod, decision.services, settings)
  const status = printStatus({ image: settings.image, initContainers: [initContainerName] })
  return {
    patch: [
      placeContainer(pod, container, decision.outdated),
      ...addEntries(pod, ['metadata', 'annotations'], { [statusAnnotation]: status }),
    ],
    reasons: [],
    warnings: decision.warnings,
  }
}

function placeContainer(pod: Pod, container: unknown, outdated: number | undefined): Operation {
  if (outdated !== undefined)
    return { op: 'replace', path: pointer('spec', 'initContainers', outdated), value: container }
  const none = (pod.spec?.initContainers ?? undefined) === undefined
  return none
    ? { op: 'add', path: pointer('spec', 'initContainers'), value: [container] }
    : { op: 'add', path: pointer('spec', 'initContainers', 0), value: container }
}
