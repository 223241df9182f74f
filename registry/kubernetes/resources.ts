import { isObject, type JsonObject } from '#kube/shape.ts'

/** The version that is written; both have one schema. */
export const apiVersion = 'networkservicemesh.io/v1'

/** The path of custom resources, in one namespace or in all, and of one by its name. */
export function resourcePath(
  plural: 'networkservices' | 'networkserviceendpoints' | 'networkservicemanagers',
  { namespace = '', name = '' }: { readonly namespace?: string; readonly name?: string } = {},
): string {
  return pathOf(`/apis/${apiVersion}`, plural, { namespace, name })
}

/** The path of Leases in a namespace. */
export function leasePath(namespace: string, name = ''): string {
  return pathOf('/apis/coordination.k8s.io/v1', 'leases', { namespace, name })
}

function pathOf(
  root: string,
  plural: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string {
  const within = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `${root}${within}/${plural}${name === '' ? '' : `/${encodeURIComponent(name)}`}`
}

/** What names an object and one state of it. */
export interface Identity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

/** The identity of an object; parts that it lacks are empty. */
export function identityOf(object: JsonObject): Identity {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  return {
    namespace: textOf(metadata['namespace']),
    name: textOf(metadata['name']),
    uid: textOf(metadata['uid']),
    resourceVersion: textOf(metadata['resourceVersion']),
  }
}

/** The objects at a key of an object; empty when it is no list. */
export function objectsAt(object: JsonObject, key: string): readonly JsonObject[] {
  const value: unknown = object[key]
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  return list.filter(isObject)
}

/** The object at a key; empty when there is none. */
export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key]
  return isObject(value) ? value : {}
}

/** A text; empty when it is something else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The texts of a list; what is no text is left out. */
export function textsOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  return list.filter(item => typeof item === 'string')
}

/** The texts of a map; what is no text is left out. */
export function labelsOf(value: unknown): Record<string, string> {
  if (!isObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
  )
}
