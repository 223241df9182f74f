import type { ApiCall } from './api.ts'
import { jsonPatched, mergePatched } from './apply-patch.ts'
import { type FakeHistory, newHistory } from './fake-history.ts'
import {
  bodyOf,
  type Item,
  isSame,
  isWithin,
  itemOf,
  listed,
  operationsOf,
  refuse,
  shown,
  versioned,
} from './fake-item.ts'
import { collectionOf, type ResourcePath, resourcePath } from './resource-path.ts'
import type { JsonObject } from './shape.ts'

/** The objects of the fake API server, and the changes that led to them. */
export interface FakeStore {
  readonly history: FakeHistory
  /** What the API server answers. Throws KubeApiError. */
  answer(call: ApiCall): JsonObject
}

/** An empty store. */
export function newStore(): FakeStore {
  const items = new Map<string, Item>()
  const history = newHistory()

  const existing = (call: ApiCall, at: ResourcePath): Item => {
    const found = items.get(keyOf(at))
    if (found === undefined) throw refuse(call, 404, 'NotFound')
    return found
  }

  const list = (call: ApiCall, at: ResourcePath): JsonObject => {
    const found = [...items]
      .filter(([key, item]) => key.startsWith(`${collectionOf(at)}/`) && isWithin(item, at))
      .map(([, item]) => item)
    return { ...listed(found, at, call.accept), metadata: { resourceVersion: String(history.version()) } }
  }

  /** Stores an object, unless it is what is there already. */
  const store = (at: ResourcePath, item: Item): JsonObject => {
    const before = items.get(keyOf(at))
    if (before !== undefined && isSame(before, item)) return before
    if (isDryRun(at)) return item
    const after = versioned(item, history.next())
    items.set(keyOf(at), after)
    history.record({ collection: collectionOf(at), before, after })
    return after
  }

  const create = (call: ApiCall, at: ResourcePath): JsonObject => {
    const { metadata, ...rest } = bodyOf(call)
    const name = nameOf(metadata, history.version())
    const place = { ...at, name }
    if (name === '') throw refuse(call, 422, 'Invalid')
    if (items.has(keyOf(place))) throw refuse(call, 409, 'AlreadyExists')
    const made = { name, uid: crypto.randomUUID(), creationTimestamp: new Date().toISOString() }
    const namespace = at.namespace === '' ? {} : { namespace: at.namespace }
    return store(place, { ...rest, metadata: { ...metadata, ...namespace, ...made } })
  }

  const replace = (call: ApiCall, at: ResourcePath, wanted: Item): JsonObject => {
    const old = existing(call, at)
    const { uid, creationTimestamp } = old.metadata
    const same = (key: string) =>
      wanted.metadata[key] === undefined || wanted.metadata[key] === old.metadata[key]
    if (!same('resourceVersion') || !same('uid')) throw refuse(call, 409, 'Conflict')
    if (at.subresource === 'status') return store(at, { ...old, status: wanted['status'] })
    return store(at, { ...wanted, metadata: { ...wanted.metadata, uid, creationTimestamp } })
  }

  const patch = (call: ApiCall, at: ResourcePath): JsonObject => {
    const isApply = call.contentType?.startsWith('application/apply-patch') === true
    if (isApply && !items.has(keyOf(at)))
      return create({ ...call, body: mergePatched({ metadata: { name: at.name } }, call.body) }, at)
    return replace(call, at, itemOf(patched(existing(call, at), call)))
  }

  const remove = (call: ApiCall, at: ResourcePath): JsonObject => {
    const before = existing(call, at)
    const wanted = itemOf({ metadata: itemOf(call.body ?? {})['preconditions'] }).metadata
    if (Object.entries(wanted).some(([key, value]) => before.metadata[key] !== value))
      throw refuse(call, 409, 'Conflict')
    if (!isDryRun(at)) {
      items.delete(keyOf(at))
      history.next()
      history.record({ collection: collectionOf(at), before, after: undefined })
    }
    return { kind: 'Status', apiVersion: 'v1', status: 'Success' }
  }

  return {
    history,
    answer(call) {
      const at = resourcePath(call.path)
      if (at === undefined || (at.subresource !== '' && at.subresource !== 'status'))
        throw refuse(call, 404, 'NotFound')
      if (call.method === 'POST') return create(call, at)
      if (call.method === 'GET' && at.name === '') return list(call, at)
      if (call.method === 'GET') return shown(existing(call, at), call.accept)
      if (call.method === 'PUT') return replace(call, at, bodyOf(call))
      return call.method === 'PATCH' ? patch(call, at) : remove(call, at)
    },
  }
}

function nameOf({ name, generateName }: JsonObject, version: number): string {
  if (typeof name === 'string') return name
  return typeof generateName === 'string' ? `${generateName}${String(version).padStart(5, '0')}` : ''
}

function patched(old: Item, call: ApiCall): unknown {
  if (call.contentType !== 'application/json-patch+json') return mergePatched(old, call.body)
  try {
    return jsonPatched(old, operationsOf(call.body))
  } catch {
    throw refuse(call, 422, 'Invalid')
  }
}

function keyOf(at: ResourcePath): string {
  return `${collectionOf(at)}/${at.namespace}/${at.name}`
}

function isDryRun(at: ResourcePath): boolean {
  return at.query.get('dryRun') === 'All'
}
