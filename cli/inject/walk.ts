import { isDeepStrictEqual } from 'node:util'
import type { Edit } from './edit.ts'
import type { Layout } from './layout.ts'

/** What the parts of the editor share while they go through a document. */
export interface Walk {
  readonly layout: Layout
  /** The edits that turn the value of a node into another one. */
  readonly edit: (
    node: unknown,
    change: { readonly before: unknown; readonly after: unknown },
  ) => readonly Edit[]
  /** Throws when a change of this node would reach other places by an alias. */
  readonly guard: (node: unknown) => void
  /** The value of the last anchor of that name before an offset; undefined when there is none. */
  readonly anchored: (name: string, offset: number) => unknown
}

/** Whether two JSON values are equal; shared parts cost nothing. */
export function isSameValue(a: unknown, b: unknown): boolean {
  return a === b || isDeepStrictEqual(a, b)
}

/** Whether a JSON value is a map. */
export function isJsonMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
