import { NsmError } from '#sdk/errors.ts'
import type { Family } from './address.ts'
import { buddyOf, contains, halvesOf, networkOf, overlaps, type Prefix, printCidr } from './prefix.ts'

/** Free blocks: they share no address, no two of them make a larger block, IPv4 first, in ascending order. */
export type Pool = readonly Prefix[]

/** The pool of all addresses of some blocks, which may overlap. */
export function newPool(prefixes: readonly Prefix[]): Pool {
  return prefixes.reduce<Pool>((pool, prefix) => add(subtract(pool, prefix), prefix), [])
}

/** The pool without the addresses of a block, whether or not they are in it. */
export function subtract(pool: Pool, prefix: Prefix): Pool {
  return pool.flatMap(block => without(block, prefix))
}

/** The pool with a block given back and merged with its neighbours. A block that is free already is INTERNAL. */
export function add(pool: Pool, prefix: Prefix): Pool {
  if (pool.some(block => overlaps(block, prefix))) {
    throw new NsmError('INTERNAL', `returning ${printCidr(prefix)} to its pool: some of it is free already`)
  }
  const buddy = prefix.length === 0 ? undefined : pool.find(block => isSame(block, buddyOf(prefix)))
  if (buddy !== undefined) {
    return add(
      pool.filter(block => block !== buddy),
      networkOf(prefix, prefix.length - 1),
    )
  }
  return [...pool, prefix].toSorted(ascending)
}

/**
 * The block of a length that should be taken next: the first one of just that length, else the beginning of the
 * smallest larger one, so that large blocks stay whole. Undefined when there is no room.
 */
export function find(pool: Pool, family: Family, length: number): Prefix | undefined {
  const room = pool.filter(block => block.family === family && block.length <= length)
  const [first, ...others] = room
  if (first === undefined) return undefined
  const best = others.reduce((found, block) => (block.length > found.length ? block : found), first)
  return { ...best, length }
}

/** Whether all addresses of a block are free. */
export function isFree(pool: Pool, prefix: Prefix): boolean {
  return pool.some(block => contains(block, prefix))
}

function without(block: Prefix, hole: Prefix): readonly Prefix[] {
  if (contains(hole, block)) return []
  if (!contains(block, hole)) return [block]
  return halvesOf(block).flatMap(half => without(half, hole))
}

function isSame(a: Prefix, b: Prefix): boolean {
  return a.family === b.family && a.length === b.length && a.address === b.address
}

function ascending(a: Prefix, b: Prefix): number {
  if (a.family !== b.family) return a.family - b.family
  return a.address < b.address ? -1 : 1
}
