import { isObject } from '#kube/shape.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import { objectsIn, valueAt } from './pod-places.ts'
import type { SourceFile } from './transform.ts'

/** The annotations that the pods of a namespace inherit, by the Namespace objects of the same input. */
export function inheritedIn(
  sources: readonly SourceFile[],
): (namespace: string) => Readonly<Record<string, string>> {
  const known = new Map<string, Readonly<Record<string, string>>>()
  for (const { kind, value } of sources.flatMap(({ documents }) =>
    documents.flatMap(found => objectsIn(found.value)),
  )) {
    const name = valueAt(value, ['metadata', 'name'])
    const annotations = valueAt(value, ['metadata', 'annotations'])
    if (kind !== 'Namespace' || typeof name !== 'string' || !isObject(annotations)) continue
    known.set(name, servicesAsked(annotations))
  }
  return namespace => known.get(namespace) ?? {}
}

/** Of a namespace's annotations those that its pods inherit. */
export function servicesAsked(
  annotations: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    annotationKeys.flatMap(key => {
      const text = annotations[key]
      return typeof text === 'string' ? [[key, text] as const] : []
    }),
  )
}
