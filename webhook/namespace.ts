import { annotationsOf, type KubeObject } from '#kube/meta.ts'
import { annotationKeys, parseAnnotations } from '#sdk/service-ref.ts'
import { changedAnnotations } from './changed-annotations.ts'
import { addEntries, pointer } from './json-patch.ts'
import { inheritLabel } from './names.ts'
import type { PatchResult } from './patch.ts'
import type { PatchSettings } from './settings.ts'

/** A namespace as it shall be and, on UPDATE, as it was. */
export interface NamespaceChange {
  readonly object: KubeObject
  readonly oldObject?: KubeObject
}

/**
 * Keeps the label by which the webhook's second entry selects a namespace equal to what its annotation says: the API
 * server can select by labels only.
 *
 * | annotation        | label | before         | becomes                                     |
 * |-------------------|-------|----------------|---------------------------------------------|
 * | there             | true  | any            | as it is                                    |
 * | there             | other | any            | labelled                                    |
 * | absent            | true  | had annotation | label removed                               |
 * | absent            | any   | had none       | as it is: a label that somebody set himself |
 * | there, malformed  | any   | other value    | refused, BAD_ANNOTATION                     |
 */
export function patchNamespace({ object, oldObject }: NamespaceChange, settings: PatchSettings): PatchResult {
  const { name = '', deletionTimestamp, labels } = object.metadata ?? {}
  if (deletionTimestamp !== undefined) return { patch: [], reasons: ['being-deleted'], warnings: [] }
  if (settings.ignoredNamespaces.includes(name)) {
    const warnings = asks(object)
      ? [`nothing is injected into pods of Namespace ${name}, so its annotation has no effect`]
      : []
    return { patch: [], reasons: ['ignored-namespace'], warnings }
  }
  if (!asks(object)) {
    if (labels?.[inheritLabel] !== 'true' || !asks(oldObject))
      return { patch: [], reasons: ['no-annotation'], warnings: [] }
    const path = pointer('metadata', 'labels', inheritLabel)
    return { patch: [{ op: 'remove', path }], reasons: ['inheritance-ended'], warnings: [] }
  }
  const { warnings } = parseAnnotations(changedAnnotations(object, oldObject))
  if (labels?.[inheritLabel] === 'true') return { patch: [], reasons: ['label-as-wanted'], warnings }
  return {
    patch: addEntries(object, ['metadata', 'labels'], { [inheritLabel]: 'true' }),
    reasons: ['inheritance-begun'],
    warnings,
  }
}

function asks(object: KubeObject | undefined): boolean {
  return annotationKeys.some(key => annotationsOf(object)[key] !== undefined)
}
