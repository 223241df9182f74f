import { NsmError } from '#sdk/errors.ts'
import type { Kind } from './kinds.ts'
import type { Change, Collection } from './registry.ts'
import { Watchers } from './watchers.ts'

/** Where the records of a collection are kept beyond the life of the process. Its methods throw STORAGE. */
export interface Keeper<R> {
  readonly all: () => readonly R[]
  readonly put: (record: R) => void
  readonly remove: (key: string) => void
}

/** A collection that answers from memory; a keeper, where there is one, is written first and read at the start. */
export class Records<R> implements Collection<R> {
  readonly #kind: Kind<R>
  readonly #keeper: Keeper<R> | undefined
  readonly #records: Map<string, R>
  readonly #watchers = new Watchers<Change<R>>()

  constructor(kind: Kind<R>, keeper?: Keeper<R>) {
    this.#kind = kind
    this.#keeper = keeper
    this.#records = new Map(keeper?.all().map(record => [kind.keyOf(record), record]))
  }

  async put(record: R): Promise<void> {
    const key = this.#kind.keyOf(record)
    const before = this.#records.get(key)
    if (before !== undefined && this.#kind.ownerOf(before) !== this.#kind.ownerOf(record))
      throw new NsmError(
        'ALREADY_EXISTS',
        `registering ${this.#kind.name} ${key}: the name belongs to somebody else; choose another one`,
      )
    this.#keeper?.put(record)
    this.#records.set(key, record)
    this.#watchers.tell({ record, deleted: false })
  }

  async add(record: R): Promise<'added' | 'known'> {
    if (this.#records.has(this.#kind.keyOf(record))) return 'known'
    await this.put(record)
    return 'added'
  }

  async remove(key: string): Promise<R | undefined> {
    const record = this.#records.get(key)
    if (record === undefined) return undefined
    this.#keeper?.remove(key)
    this.#records.delete(key)
    this.#watchers.tell({ record, deleted: true })
    return record
  }

  async get(key: string): Promise<R | undefined> {
    return this.#records.get(key)
  }

  async list(): Promise<readonly R[]> {
    return [...this.#records.values()]
  }

  async find(tag: string): Promise<readonly R[]> {
    return [...this.#records.values()].filter(record => this.#kind.tagsOf(record).includes(tag))
  }

  watch(signal: AbortSignal): AsyncIterable<Change<R>> {
    return this.#watchers.watch(signal)
  }
}
