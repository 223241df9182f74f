import { type Item, isWithin, shown, versioned } from './fake-item.ts'
import { collectionOf, type ResourcePath, resourcePath } from './resource-path.ts'
import type { JsonObject } from './shape.ts'
import type { WireQuestion } from './watch.ts'

/** One change of one object: `before` is undefined for a creation, `after` for a deletion. */
interface Change {
  readonly collection: string
  readonly before: Item | undefined
  readonly after: Item | undefined
}

/** The changes of the fake API server by version, and those who wait for them. */
export interface FakeHistory {
  version(): number
  /** Takes the next version. */
  next(): number
  /** Files a change under the present version. */
  record(change: Change): void
  /** The events after the version that the question names, until `disconnect` or the signal aborts. */
  stream(question: WireQuestion): AsyncIterable<JsonObject>
  disconnect(): void
  /** Forgets the changes so far. */
  compact(): void
}

/** A history without changes. */
export function newHistory(): FakeHistory {
  let version = 1
  let oldest = 1
  let generation = 0
  let changes: readonly (Change & { readonly version: number })[] = []
  let wake = Promise.withResolvers<void>()
  const rouse = () => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  return {
    version: () => version,
    next: () => {
      version += 1
      return version
    },
    record(change) {
      changes = [...changes, { ...change, version }]
      rouse()
    },
    disconnect() {
      generation += 1
      rouse()
    },
    compact() {
      changes = []
      oldest = version
    },
    async *stream({ path, accept, signal }) {
      const at = resourcePath(path)
      if (at === undefined) return
      const own = generation
      const isOpen = () => !signal.aborted && own === generation
      const aborted = Promise.withResolvers<void>()
      signal.addEventListener('abort', () => aborted.resolve(), { once: true })
      let position = Number(at.query.get('resourceVersion'))
      while (isOpen()) {
        if (position < oldest) {
          yield { type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } }
          return
        }
        const from = position
        position = version
        for (const change of changes.filter(item => item.version > from)) {
          const before = change.before && versioned(change.before, change.version)
          yield* eventsOf({ ...change, before }, at, accept)
        }
        if (position === version) await Promise.race([wake.promise, aborted.promise])
      }
    },
  }
}

/** A list with selectors sees an object come and go as its labels change. */
function eventsOf(
  { collection, before, after }: Change,
  at: ResourcePath,
  accept: string,
): readonly JsonObject[] {
  if (collection !== collectionOf(at)) return []
  const was = before !== undefined && isWithin(before, at)
  if (after !== undefined && isWithin(after, at))
    return [{ type: was ? 'MODIFIED' : 'ADDED', object: shown(after, accept) }]
  return before !== undefined && was ? [{ type: 'DELETED', object: shown(before, accept) }] : []
}
