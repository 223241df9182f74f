import { NsmError } from '#sdk/errors.ts'
import type { Family } from './address.ts'
import { drawFrom } from './draw.ts'
import { checkedWish, drawMany, type ExtraWish } from './extra.ts'
import { blocksOf, type Claim, claimOf, type Lease, printLease, readable } from './lease.ts'
import { blockLength, drawPair, type PairForm } from './pair.ts'
import { add, find, newPool, type Pool, subtract } from './pool.ts'
import { contains, type Prefix, parsePrefix, printCidr } from './prefix.ts'

/** The addresses of a connection as they stand in its IP context, one pair per family of the pool. */
export interface Allocation {
  readonly src: readonly string[]
  readonly dst: readonly string[]
  readonly extraPrefixes: readonly string[]
}

/** What one allocation must respect. */
export interface AllocateOptions {
  /** Prefixes that this connection must not touch; the shared pool is not changed by them. */
  readonly excluded?: readonly string[]
  /** Addresses that the request carries: taken again when they are of this pool and free. */
  readonly previous?: Claim
  readonly extra?: readonly ExtraWish[]
}

/** Hands out the addresses of a pool, the same ones to a connection for as long as it holds them. */
export interface Allocator {
  /**
   * The addresses of a connection: those it holds, else those it brings, else free ones, from the lowest on as long
   * as the pool is whole. Addresses that have become excluded are exchanged. Fails with POOL_EXHAUSTED or BAD_INPUT
   * and then changes nothing.
   */
  allocate(connectionId: string, options?: AllocateOptions): Allocation
  /** Whether an address is of this pool, free or not; false for what is malformed. */
  covers(cidr: string): boolean
  /** Takes everything back that a connection holds; an unknown connection is no error. */
  release(connectionId: string): void
  /** Gives a connection just these addresses, if all of them are of this pool and free; says whether it did. */
  restore(connectionId: string, addresses: Claim): boolean
}

/** What a pool is made of. */
export interface AllocatorOptions {
  /** The pool's prefixes; with both families every connection gets a pair of each. */
  readonly cidrs: readonly string[]
  /** Default `p30`. */
  readonly pair?: PairForm
}

/** A pool that nobody holds addresses of. Fails with BAD_INPUT when a family has no room for a single pair. */
export function newAllocator(options: AllocatorOptions): Allocator {
  return new PoolAllocator(options.cidrs.map(parsePrefix), options.pair ?? 'p30')
}

class PoolAllocator implements Allocator {
  readonly #name: string
  readonly #prefixes: readonly Prefix[]
  readonly #form: PairForm
  readonly #families: readonly Family[]
  readonly #leases = new Map<string, Lease>()
  #free: Pool

  constructor(prefixes: readonly Prefix[], form: PairForm) {
    this.#name = prefixes.map(printCidr).join(', ')
    this.#prefixes = prefixes
    this.#form = form
    this.#families = [...new Set(prefixes.map(prefix => prefix.family))]
    this.#free = newPool(prefixes)
    const small = this.#families.find(
      family => find(this.#free, family, blockLength(form, family)) === undefined,
    )
    if (prefixes.length === 0)
      throw new NsmError('BAD_INPUT', 'making an address pool: name at least one prefix')
    if (small !== undefined) {
      throw new NsmError(
        'BAD_INPUT',
        `making an address pool of ${this.#name}: IPv${small} needs a /${blockLength(form, small)} at least`,
      )
    }
  }

  allocate(connectionId: string, options: AllocateOptions = {}): Allocation {
    const excluded = (options.excluded ?? []).map(parsePrefix)
    const before = this.#leases.get(connectionId) ?? claimOf(this.#form, options.previous)
    const all = this.#freeWithout(connectionId)
    const drawing = drawFrom(excluded.reduce(subtract, all))
    const exhausted = (family: Family, length: number): NsmError =>
      this.#exhausted(connectionId, { family, length, excluded })

    const pairs = this.#families.map(family => {
      const pair = drawPair(drawing, { form: this.#form, family }, before.pairs)
      if (pair === undefined) throw exhausted(family, blockLength(this.#form, family))
      return pair
    })
    const extra = (options.extra ?? []).map(checkedWish).flatMap(wish => {
      const blocks = drawMany(drawing, wish, before.extra)
      if (blocks.length < wish.required) throw exhausted(wish.family, wish.length)
      return blocks
    })
    return this.#commit(connectionId, all, { pairs, extra })
  }

  covers(cidr: string): boolean {
    return readable(cidr).some(address => this.#prefixes.some(prefix => contains(prefix, address)))
  }

  release(connectionId: string): void {
    this.#free = this.#freeWithout(connectionId)
    this.#leases.delete(connectionId)
  }

  restore(connectionId: string, addresses: Claim): boolean {
    const lease = claimOf(this.#form, addresses)
    const all = this.#freeWithout(connectionId)
    const blocks = blocksOf(lease)
    if (!drawFrom(all).take(blocks)) return false
    const understood =
      lease.pairs.length === addresses.src.length && lease.pairs.length === addresses.dst.length
    if (blocks.length === 0 || !understood || lease.extra.length !== (addresses.extraPrefixes ?? []).length)
      return false
    this.#commit(connectionId, all, lease)
    return true
  }

  /** The free blocks as they would be if the connection held nothing. */
  #freeWithout(connectionId: string): Pool {
    const lease = this.#leases.get(connectionId)
    return lease === undefined ? this.#free : blocksOf(lease).reduce(add, this.#free)
  }

  #commit(connectionId: string, all: Pool, lease: Lease): Allocation {
    this.#free = blocksOf(lease).reduce(subtract, all)
    this.#leases.set(connectionId, lease)
    return printLease(lease)
  }

  #exhausted(
    connectionId: string,
    lack: { readonly family: Family; readonly length: number; readonly excluded: readonly Prefix[] },
  ): NsmError {
    const others = this.#leases.size - (this.#leases.has(connectionId) ? 1 : 0)
    const excluded =
      lack.excluded.length === 0
        ? 'nothing is excluded'
        : `excluded: ${lack.excluded.map(printCidr).join(', ')}`
    return new NsmError(
      'POOL_EXHAUSTED',
      `allocating IPv${lack.family} addresses for connection ${connectionId}: pool ${this.#name} has no free /${lack.length} ` +
        `(in use by ${others} other connections; ${excluded}): enlarge the pool or close connections`,
    )
  }
}
