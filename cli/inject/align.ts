import { isDeepStrictEqual } from 'node:util'

/** What becomes of a list, from front to back: an old item stays (changed or not) or goes, a new one comes. */
export type Step =
  | { readonly kind: 'keep'; readonly from: number; readonly to: number }
  | { readonly kind: 'drop'; readonly from: number }
  | { readonly kind: 'put'; readonly to: number }

/**
 * The steps from one list to another. Items are the same when their `name` is; those without one, when they are equal.
 * A new item in the place of one that goes is that one changed.
 */
export function align(before: readonly unknown[], after: readonly unknown[]): readonly Step[] {
  if (before.length === after.length && before.every((item, index) => nameOf(item) === nameOf(after[index])))
    return before.map((_, index) => ({ kind: 'keep', from: index, to: index }))
  const steps: Step[] = []
  let from = 0
  let to = 0
  while (from < before.length || to < after.length) {
    const both = from < before.length && to < after.length
    const isNew = to < after.length && !before.slice(from).some(item => isSame(item, after[to]))
    const isGone = from < before.length && !after.slice(to).some(item => isSame(item, before[from]))
    if (both && (isSame(before[from], after[to]) || (isNew && isGone))) {
      steps.push({ kind: 'keep', from, to })
      from += 1
      to += 1
    } else if (isNew) {
      steps.push({ kind: 'put', to })
      to += 1
    } else {
      steps.push({ kind: 'drop', from })
      from += 1
    }
  }
  return steps
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  const name = nameOf(a)
  return name === undefined ? isDeepStrictEqual(a, b) : name === nameOf(b)
}

function nameOf(item: unknown): string | undefined {
  return typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string'
    ? item.name
    : undefined
}
