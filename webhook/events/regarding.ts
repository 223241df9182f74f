import type { ReviewQuestion } from '#kube/admission-review.ts'
import type { Regarding } from '#kube/events/event-report.ts'
import { isObject } from '#kube/shape.ts'

/** The controller of a pod, as its ownerReferences say. */
export interface Owner {
  readonly apiVersion?: string
  readonly kind?: string
  readonly name?: string
  readonly uid?: string
}

/**
 * The object on which people look for what happened: a pod's controller, which is there when the pod is not yet; a
 * workload itself. A pod without a controller only when it has a name and a uid, so that the Event can be found.
 */
export function regardingOf({ request }: ReviewQuestion, owner: Owner | undefined): Regarding | undefined {
  const { kind, namespace } = request
  if (namespace === undefined) return undefined
  if (kind.kind === 'Pod' && owner !== undefined) return reference(owner, namespace)
  const metadata =
    isObject(request.object) && isObject(request.object['metadata']) ? request.object['metadata'] : {}
  const uid = textOf(metadata['uid'])
  if (kind.kind === 'Pod' && uid === '') return undefined
  const version = kind.version ?? 'v1'
  const apiVersion = kind.group === undefined || kind.group === '' ? version : `${kind.group}/${version}`
  return reference({ apiVersion, kind: kind.kind, name: textOf(metadata['name']), uid }, namespace)
}

function reference(owner: Owner, namespace: string): Regarding | undefined {
  const { apiVersion = 'v1', kind = '', name = '', uid = '' } = owner
  if (kind === '' || name === '') return undefined
  // What an object that is not made yet says of its owner, nobody has checked; these lengths no real one exceeds.
  if (name.length > 253 || Math.max(kind.length, apiVersion.length, uid.length) > 320) return undefined
  return { apiVersion, kind, namespace, name, ...(uid === '' ? {} : { uid }) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
