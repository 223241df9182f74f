/** One operation of a JSON Patch (RFC 6902), of the three kinds that we make. */
export type Operation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/** A JSON Pointer (RFC 6901) to a place: `pointer('a/b', 0)` is `/a~1b/0`. */
export function pointer(...keys: readonly (string | number)[]): string {
  return keys.map(key => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A place that is not there to take anything, and what is there instead. */
export interface Gap {
  readonly path: string
  readonly was: 'absent' | 'null'
}

/** The outermost of nested maps that is absent or null; undefined when all are there. */
export function gapIn(target: unknown, path: readonly string[]): Gap | undefined {
  const depth = gapDepth(target, path)
  if (depth === undefined) return undefined
  const inside = path.slice(0, depth).reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), target)
  const found = isMap(inside) ? inside[path[depth] ?? ''] : undefined
  return { path: pointer(...path.slice(0, depth + 1)), was: found === undefined ? 'absent' : 'null' }
}

/**
 * The operations that put entries into a map of text. `path` names maps from the outside in; the first that is
 * absent (or null) is made, with all that is below it.
 */
export function addEntries(
  target: unknown,
  path: readonly string[],
  entries: Readonly<Record<string, string>>,
): readonly Operation[] {
  if (Object.keys(entries).length === 0) return []
  const missing = gapDepth(target, path)
  if (missing === undefined) {
    return Object.entries(entries).map(([key, value]) => ({ op: 'add', path: pointer(...path, key), value }))
  }
  const value = path.slice(missing + 1).reduceRight<unknown>((inner, key) => ({ [key]: inner }), entries)
  return [{ op: 'add', path: pointer(...path.slice(0, missing + 1)), value }]
}

function gapDepth(target: unknown, path: readonly string[]): number | undefined {
  const depth = path.findIndex((_, index) => valueAt(target, path.slice(0, index + 1)) === undefined)
  return depth === -1 ? undefined : depth
}

function valueAt(target: unknown, path: readonly string[]): object | undefined {
  const found = path.reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), target)
  return isMap(found) ? found : undefined
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
