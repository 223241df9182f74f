import { isObject, type JsonObject } from '#kube/shape.ts'

/** A Kubernetes object to install, with what every object has. */
export interface Manifest extends JsonObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ManifestMeta
}

/** The metadata that we look at. */
export interface ManifestMeta extends JsonObject {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** Whether a value has a version, a kind and a name. */
export function isManifest(value: unknown): value is Manifest {
  return (
    isObject(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    isObject(value['metadata']) &&
    typeof value['metadata']['name'] === 'string'
  )
}

/** `daemonset/nsm-manager`, as kubectl calls it. */
export function called({ kind, metadata }: Manifest): string {
  return `${kind.toLowerCase()}/${metadata.name}`
}

/** The value at a path of keys; undefined where there is none. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value)
}

/** The objects of a list at a path; empty where there is none. */
export function listAt(value: unknown, ...keys: readonly string[]): readonly JsonObject[] {
  const found = at(value, ...keys)
  return Array.isArray(found) ? found.filter(isObject) : []
}

/** The text at a path; empty where there is none. */
export function textAt(value: unknown, ...keys: readonly string[]): string {
  const found = at(value, ...keys)
  return typeof found === 'string' ? found : ''
}

/** The number at a path; 0 where there is none, as in the statuses of Kubernetes. */
export function numberAt(value: unknown, ...keys: readonly string[]): number {
  const found = at(value, ...keys)
  return typeof found === 'number' ? found : 0
}
