import type { WatchEvent } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'
import { type Identity, identityOf } from './resources.ts'

/** The state of an object that was seen last, by a watch or in the answer to a write. */
interface Sighting {
  readonly uid: string
  readonly version: bigint
}

/**
 * Which of two tellings of an object is the newer one: the answer to a write is used at once, and the watch, which tells
 * of it too, may still be at something older.
 */
export class Sightings {
  readonly #seen = new Map<string, Sighting>()
  /** What was deleted by us and not yet told by the watch, by uid. */
  readonly #gone = new Set<string>()

  /** Whether an object is newer than what was seen of it; if so it is what was seen. */
  isNews(type: WatchEvent['type'], object: JsonObject): boolean {
    const { namespace, name, uid, resourceVersion } = identityOf(object)
    const key = `${namespace}/${name}`
    const seen = this.#seen.get(key)
    if (type === 'DELETED') {
      if (this.#gone.delete(uid) || (seen !== undefined && seen.uid !== uid)) return false
      this.#seen.delete(key)
      return true
    }
    const version = numberOf(resourceVersion)
    if (this.#gone.has(uid)) return false
    if (seen !== undefined && (seen.uid === uid ? version <= seen.version : version < seen.version))
      return false
    this.#seen.set(key, { uid, version })
    return true
  }

  /** A watch begins anew: all that it tells is news. */
  clear(): void {
    this.#seen.clear()
    this.#gone.clear()
  }

  /** An object was deleted by us; what the watch still tells of it is old. */
  gone({ namespace, name, uid }: Omit<Identity, 'resourceVersion'>): void {
    const key = `${namespace}/${name}`
    if (this.#seen.get(key)?.uid !== uid) return
    this.#seen.delete(key)
    this.#gone.add(uid)
  }

  /** A list is complete: what was deleted before it will not be told again. */
  settle(): void {
    this.#gone.clear()
  }
}

/** Resource versions of one kind are numbers that grow (KEP-5504); what is none is as new as can be. */
function numberOf(resourceVersion: string): bigint {
  return /^\d{1,20}$/.test(resourceVersion) ? BigInt(resourceVersion) : 1n << 70n
}
