import { ownContainers } from '#cli/check/is-injected.ts'
import { jsonPatched } from '#kube/apply-patch.ts'
import { readPod } from '#kube/pod.ts'
import { isObject } from '#kube/shape.ts'
import { statusAnnotation } from '#webhook/names.ts'
import { unpatchPod } from '#webhook/unpatch.ts'
import { withoutPod } from './inject-object.ts'
import { type FoundObject, podPath, valueAt, withValueAt } from './pod-places.ts'
import { nameOf, refused, unchanged, type Verdict } from './verdict.ts'

/** Takes out of one object what its pod's status annotation says that we put there: the inverse of `injectObject`. */
export function uninjectObject(found: FoundObject): Verdict {
  const path = podPath(found.kind)
  const value = path === undefined ? undefined : valueAt(found.value, path)
  if (path === undefined || !isObject(value)) return withoutPod(found)
  if (valueAt(value, ['metadata', 'annotations', statusAnnotation]) === undefined)
    return unchanged(found, 'not-injected', `there is no annotation ${statusAnnotation}`)
  try {
    const pod = readPod(value)
    const { patch } = unpatchPod(pod)
    if (patch.length === 0)
      return unchanged(
        found,
        'foreign-status',
        `its annotation ${statusAnnotation} is not one that nsm writes`,
      )
    const after = withValueAt(found.value, path, jsonPatched(value, patch))
    return {
      object: nameOf(found),
      state: 'uninjected',
      reasons: ['uninjected'],
      says: ownContainers(pod)
        .map(({ name }) => name)
        .join(', '),
      warnings: [],
      after: isObject(after) ? after : found.value,
    }
  } catch (thrown) {
    return refused(found, thrown)
  }
}
