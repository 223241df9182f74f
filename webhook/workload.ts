import { controllerOf } from '#kube/meta.ts'
import { templatePath } from '#kube/workload.ts'
import { annotationKeys, parseAnnotations } from '#sdk/service-ref.ts'
import { changedAnnotations } from './changed-annotations.ts'
import { copyInputs, decideCopy, type WorkloadChange } from './copy.ts'
import { addEntries, type Operation, pointer } from './json-patch.ts'
import type { PatchResult } from './patch.ts'

/**
 * Copies the service annotations of a workload's own metadata to its pod template, so that one line on a Deployment
 * is enough and `kubectl annotate` rolls it out. Nothing else ever goes into a template: its pods are injected when
 * they are made. An object that a controller made is left alone: its owner would undo the copy, for ever.
 * Throws BAD_ANNOTATION when a new value does not parse.
 */
export function patchWorkload(change: WorkloadChange): PatchResult {
  const { kind, object, oldObject } = change
  if (controllerOf(object) !== undefined) return { patch: [], reasons: ['has-controller'], warnings: [] }
  if (object.metadata?.deletionTimestamp !== undefined)
    return { patch: [], reasons: ['being-deleted'], warnings: [] }
  const { warnings } = parseAnnotations(changedAnnotations(object, oldObject))
  const skip = (reason: string, ...said: readonly string[]): PatchResult => ({
    patch: [],
    reasons: [reason],
    warnings: [...warnings, ...said],
  })
  const copies = annotationKeys.map(key => ({ key, ...decideCopy(copyInputs(change, key)) }))
  const said = copies.flatMap(({ key, warn }) => (warn === undefined ? [] : [`annotation ${key}: ${warn}`]))
  const added = Object.fromEntries(
    copies.flatMap(({ key, write }) => (write === undefined ? [] : [[key, write]])),
  )
  const removed = copies.filter(({ remove }) => remove === true).map(({ key }) => key)
  if (Object.keys(added).length + removed.length === 0) return skip('template-as-wanted', ...said)
  if (kind === 'Job' && oldObject !== undefined) {
    return skip(
      'immutable-template',
      'the pod template of a Job cannot change: make the Job anew with the annotation',
    )
  }
  return {
    patch: templatePatch(change, added, removed),
    reasons: ['template-follows'],
    warnings: [...warnings, ...said],
  }
}

function templatePatch(
  { kind, object }: WorkloadChange,
  added: Readonly<Record<string, string>>,
  removed: readonly string[],
): readonly Operation[] {
  const path = [...templatePath(kind), 'metadata', 'annotations']
  return [
    ...addEntries(object, path, added),
    ...removed.map(key => ({ op: 'remove', path: pointer(...path, key) }) as const),
  ]
}
