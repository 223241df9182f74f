import { NsmError } from '#sdk/errors.ts'
import { type Allocator, newAllocator } from '#sdk/ipam/allocator.ts'
import type { PairForm } from '#sdk/ipam/pair.ts'

/** One pool per group of CIDRs. Fails with BAD_CONFIG when a group has no room for one pair. */
export function newPools(groups: readonly (readonly string[])[], pair: PairForm): readonly Allocator[] {
  return groups.map(cidrs => {
    try {
      return newAllocator({ cidrs, pair })
    } catch (cause) {
      throw new NsmError('BAD_CONFIG', `IP_ADDRESS, ${cidrs.join(', ')}: ${NsmError.from(cause).message}`, {
        cause,
      })
    }
  })
}
