import jsonPatch from 'fast-json-patch'
import { annotationsOf } from '#kube/meta.ts'
import type { Pod } from '#kube/pod.ts'
import { isObject } from '#kube/shape.ts'
import { type Operation, pointer } from './json-patch.ts'
import { defaultContainerAnnotation, statusAnnotation } from './names.ts'
import { statusOf } from './status.ts'

/** A pod without what an earlier pass put there, and the patch that makes it so. */
export interface Unpatched {
  readonly pod: Pod
  /** Empty when there is nothing to take back. */
  readonly patch: readonly Operation[]
}

/**
 * Takes an injection back, as its status annotation describes it: the exact inverse of `patchPod`. Containers that are
 * not named like ours stay, whatever the status says; so does what somebody else has put into a place that we made.
 */
export function unpatchPod(original: Pod): Unpatched {
  const status = statusOf(original)
  if (status === undefined) return { pod: original, patch: [] }
  const pod = structuredClone(original)
  const patch: Operation[] = []
  const change = (operation: Operation) => {
    jsonPatch.applyOperation(pod, structuredClone(operation))
    patch.push(operation)
  }
  for (const field of ['initContainers', 'containers'] as const) {
    // From the end, so that an index stays true while those behind it go.
    for (const [index, { name = '' }] of [...(pod.spec?.[field] ?? []).entries()].toReversed()) {
      if (status[field].includes(name)) change({ op: 'remove', path: pointer('spec', field, index) })
    }
  }
  const defaultContainer = status.annotations[defaultContainerAnnotation]
  for (const key of [statusAnnotation, defaultContainerAnnotation]) {
    const found = annotationsOf(pod)[key]
    // What its owner has changed since is his.
    const put = key === statusAnnotation || (found !== undefined && found === defaultContainer)
    if (found !== undefined && put) change({ op: 'remove', path: pointer('metadata', 'annotations', key) })
  }
  // The deepest first: what was made inside a place must be gone before the place is judged.
  for (const path of status.made.toSorted((a, b) => b.length - a.length)) {
    if (isOurs(pod, path)) change({ op: 'remove', path })
  }
  for (const [path, value] of Object.entries(status.replaced)) {
    if (isOurs(pod, path)) change({ op: 'replace', path, value })
  }
  return { pod, patch }
}

/** Whether nobody else has something in a place: what we put there is gone by now, and DNS is ours as a whole. */
function isOurs(pod: Pod, path: string): boolean {
  const found = valueAt(pod, path)
  return found !== undefined && (isEmpty(found) || path.startsWith('/spec/dns'))
}

function valueAt(pod: Pod, place: string): unknown {
  return place
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), pod)
}

/** Whether there is nothing in a place, however deep. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(isEmpty)
}
