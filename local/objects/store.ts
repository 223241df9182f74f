import { isDeepStrictEqual } from 'node:util'
import { keyOf, type MeshObject, nameOf, type ObjectName } from './object.ts'

/** An object as the user wrote it and as it is after admission. */
export interface StoredObject {
  readonly written: MeshObject
  readonly object: MeshObject
}

/** The objects of the mesh except pods, in order of creation. */
export class Store {
  readonly #objects = new Map<string, StoredObject>()

  put(stored: StoredObject): void {
    this.#objects.set(keyOf(nameOf(stored.object)), stored)
  }

  get(name: ObjectName): StoredObject | undefined {
    return this.#objects.get(keyOf(name))
  }

  /** Whether it was there. */
  delete(name: ObjectName): boolean {
    return this.#objects.delete(keyOf(name))
  }

  list(): readonly MeshObject[] {
    return [...this.#objects.values()].map(({ object }) => object)
  }
}

/** What applying an object does, compared with how the user wrote it the last time. */
export function changeOf(
  written: MeshObject,
  before: MeshObject | undefined,
): 'created' | 'configured' | 'unchanged' {
  if (before === undefined) return 'created'
  return isDeepStrictEqual(written, before) ? 'unchanged' : 'configured'
}
