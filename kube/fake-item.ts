import { type ApiCall, type KubeApiError, refusalOf } from './api.ts'
import type { PatchOperation } from './apply-patch.ts'
import type { ResourcePath } from './resource-path.ts'
import { isSelected } from './selector.ts'
import { isObject, type JsonObject } from './shape.ts'

/** An object of the fake API server. */
export interface Item extends JsonObject {
  readonly metadata: JsonObject
}

/** The object with another `resourceVersion`. */
export function versioned(item: Item, version: number): Item {
  return { ...item, metadata: { ...item.metadata, resourceVersion: String(version) } }
}

/** Whether two objects differ in nothing but their version. */
export function isSame(one: Item, other: Item): boolean {
  return canonical(versioned(one, 0)) === canonical(versioned(other, 0))
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  )
}

/** Whether a list at this place has the object. */
export function isWithin(item: Item, at: ResourcePath): boolean {
  return (at.namespace === '' || item.metadata['namespace'] === at.namespace) && isSelected(item, at.query)
}

/** The object as an Accept header wants it. */
export function shown(item: Item, accept = ''): JsonObject {
  if (!accept.includes('as=PartialObjectMetadata')) return item
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: item.metadata }
}

/** The list of objects as an Accept header wants it. Items of a list do not say their kind, as in the real one. */
export function listed(items: readonly Item[], at: ResourcePath, accept = ''): Omit<JsonObject, 'metadata'> {
  if (accept.includes('as=PartialObjectMetadataList')) {
    const objects = items.map(item => shown(item, accept))
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', items: objects }
  }
  const kind = items[0]?.['kind']
  return {
    kind: `${typeof kind === 'string' ? kind : ''}List`,
    apiVersion: at.root.replace(/^\/apis?\//, ''),
    items: items.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest),
  }
}

/** The object that a call brings. Throws 400. */
export function bodyOf(call: ApiCall): Item {
  // Through JSON, as the wire does it: no reference is shared with the caller, undefined is absent.
  const body: unknown = JSON.parse(JSON.stringify(call.body ?? null))
  if (!isObject(body)) throw refuse(call, 400, 'BadRequest')
  return itemOf(body)
}

/** Any JSON as an object with metadata. */
export function itemOf(value: unknown): Item {
  const object = isObject(value) ? value : {}
  return { ...object, metadata: isObject(object['metadata']) ? object['metadata'] : {} }
}

/** The JSON patch that a call brings. Throws an Error. */
export function operationsOf(body: unknown): readonly PatchOperation[] {
  const list: readonly unknown[] = Array.isArray(body) ? body : []
  return list.filter(isObject).map(({ op, path, value }) => {
    if ((op === 'add' || op === 'replace' || op === 'remove' || op === 'test') && typeof path === 'string')
      return { op, path, value }
    throw new Error('an operation that the fake does not know')
  })
}

/** A refusal by the fake. */
export function refuse(call: ApiCall, status: number, reason: string): KubeApiError {
  return refusalOf(call, status, { reason, message: `the fake says ${reason}` })
}
