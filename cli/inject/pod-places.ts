import { isObject, type JsonObject } from '#kube/shape.ts'
import { isWorkloadKind, templatePath } from '#kube/workload.ts'

/** A Kubernetes object within a document. */
export interface FoundObject {
  readonly kind: string
  readonly value: JsonObject
  /** Where in its document: empty, or within lists `['items', 3]`. */
  readonly path: readonly (string | number)[]
}

/**
 * The objects of a document: the document, or what its list (`List`, `PodList` …) holds. An item of a typed list that
 * does not say its kind has the list's.
 */
export function objectsIn(
  value: unknown,
  { path = [], kind: expected = '' }: { readonly path?: FoundObject['path']; readonly kind?: string } = {},
): readonly FoundObject[] {
  if (!isObject(value)) return []
  const kind = typeof value['kind'] === 'string' ? value['kind'] : expected
  const { items } = value
  if (!kind.endsWith('List') || !Array.isArray(items)) return [{ kind, value, path }]
  return items.flatMap((item, index) =>
    objectsIn(item, { path: [...path, 'items', index], kind: kind.slice(0, -'List'.length) }),
  )
}

/** Where an object of a kind has its pod or pod template; undefined for kinds that make no pods. */
export function podPath(kind: string): readonly string[] | undefined {
  if (kind === 'Pod') return []
  if (kind === 'PodTemplate') return ['template']
  if (kind === 'ReplicationController') return ['spec', 'template']
  return isWorkloadKind(kind) ? templatePath(kind) : undefined
}

/** The value at a path; undefined where the path ends early. */
export function valueAt(value: unknown, path: FoundObject['path']): unknown {
  return path.reduce<unknown>((at, key) => {
    if (Array.isArray(at)) return at[Number(key)]
    return isObject(at) ? at[key] : undefined
  }, value)
}

/** A value with another one at a path; everything else is shared with the value before. */
export function withValueAt(value: unknown, path: FoundObject['path'], inner: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return inner
  if (Array.isArray(value)) return value.with(Number(key), withValueAt(value[Number(key)], rest, inner))
  return isObject(value) ? { ...value, [key]: withValueAt(value[key], rest, inner) } : value
}
