import type { Family } from './address.ts'
import { find, isFree, type Pool, subtract } from './pool.ts'
import type { Prefix } from './prefix.ts'

/** Takes the next block of a length; undefined when there is no room for it. */
export type Draw = (family: Family, length: number) => Prefix | undefined

/**
 * Takes blocks out of a pool one after the other: first those that the connection had before and that are free,
 * then those that `find` chooses. The pool itself does not change.
 */
export function drawFrom(pool: Pool, before: readonly Prefix[]): Draw {
  let usable = pool
  let left = before.filter(block => isFree(pool, block))
  return (family, length) => {
    const known = left.find(block => block.family === family && block.length === length)
    const block = known ?? find(usable, family, length)
    if (block === undefined) return undefined
    usable = subtract(usable, block)
    left = left.filter(other => isFree(usable, other))
    return block
  }
}
