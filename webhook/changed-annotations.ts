import { annotationsOf, type KubeObject } from '#kube/meta.ts'

/** The annotations that a request brings: a value that got in earlier must not block every later change. */
export function changedAnnotations(
  object: KubeObject,
  oldObject: KubeObject | undefined,
): Readonly<Record<string, string>> {
  const before = annotationsOf(oldObject)
  return Object.fromEntries(
    Object.entries(annotationsOf(object)).filter(([key, value]) => before[key] !== value),
  )
}
