import type { WatchEvent } from './api.ts'
import { isObject, type JsonObject } from './shape.ts'

/** The objects that a watch has told of: enough to say after a new list what changed and what vanished. */
export interface Inventory {
  /** The events that make an object of a list known; its key is put into `seen`. */
  observe(object: JsonObject, seen: Set<string>): readonly WatchEvent[]
  /** The deletions of what a complete list did not have. */
  forgetAllBut(seen: ReadonlySet<string>): readonly WatchEvent[]
  /** The events of one change that a stream told. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: JsonObject): readonly WatchEvent[]
}

/** What is remembered of an object: whether it is the same one, and what a deletion says of it. */
interface Entry {
  readonly uid: string
  readonly version: string
  readonly stub: JsonObject
}

/** An inventory that knows nothing yet. */
export function newInventory(): Inventory {
  const known = new Map<string, Entry>()
  const observe = (object: JsonObject, seen: Set<string>): readonly WatchEvent[] => {
    const { key, entry } = describe(object)
    const old = known.get(key)
    seen.add(key)
    known.set(key, entry)
    if (old === undefined) return [{ type: 'ADDED', object }]
    if (old.uid !== entry.uid)
      return [
        { type: 'DELETED', object: old.stub },
        { type: 'ADDED', object },
      ]
    return old.version === entry.version ? [] : [{ type: 'MODIFIED', object }]
  }
  return {
    observe,
    forgetAllBut: seen =>
      [...known]
        .filter(([key]) => !seen.has(key))
        .map(([key, { stub }]) => {
          known.delete(key)
          return { type: 'DELETED', object: stub }
        }),
    apply: (type, object) => {
      if (type !== 'DELETED') return observe(object, new Set())
      return known.delete(describe(object).key) ? [{ type, object }] : []
    },
  }
}

function describe(object: JsonObject): { readonly key: string; readonly entry: Entry } {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const { name, namespace, uid, resourceVersion } = metadata
  const { apiVersion, kind } = object
  return {
    key: JSON.stringify([namespace, name]),
    entry: {
      uid: JSON.stringify(uid),
      version: JSON.stringify(resourceVersion),
      stub: { apiVersion, kind, metadata: { name, namespace, uid } },
    },
  }
}
