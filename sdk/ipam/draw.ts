import type { Family } from './address.ts'
import { find, isFree, type Pool, subtract } from './pool.ts'
import type { Prefix } from './prefix.ts'

/** Takes blocks out of a pool one after the other. */
export interface Drawing {
  /** Takes all of some blocks, or none when one of them is not free; says whether it did. */
  take(blocks: readonly Prefix[]): boolean
  /** Takes the next block of a length as `find` chooses; undefined when there is no room for it. */
  next(family: Family, length: number): Prefix | undefined
}

/** Draws from a pool, which itself does not change. */
export function drawFrom(pool: Pool): Drawing {
  let usable = pool
  const take = (blocks: readonly Prefix[]) => {
    let rest = usable
    for (const block of blocks) {
      if (!isFree(rest, block)) return false
      rest = subtract(rest, block)
    }
    usable = rest
    return true
  }
  return {
    take,
    next(family, length) {
      const block = find(usable, family, length)
      if (block !== undefined) take([block])
      return block
    },
  }
}
