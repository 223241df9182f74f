import { NsmError } from '#sdk/errors.ts'
import { addressBits, type Family } from './address.ts'
import type { Draw } from './draw.ts'
import type { Prefix } from './prefix.ts'

/** A wish for whole prefixes beside the pair (ExtraPrefixRequest). */
export interface ExtraWish {
  readonly family: Family
  readonly length: number
  /** Fewer than these fail the allocation; 1 to 256. */
  readonly required: number
  /** As many as there is room for, up to 256. */
  readonly requested: number
}

const most = 256

/** The wish, if it makes sense (NSM v1's rules for ExtraPrefixRequest, and our bound); else BAD_INPUT. */
export function checkedWish(wish: ExtraWish): ExtraWish {
  const { family, length, required, requested } = wish
  if (
    length >= 1 &&
    length <= addressBits[family] &&
    required >= 1 &&
    required <= Math.min(requested, most)
  ) {
    return wish
  }
  throw new NsmError(
    'BAD_INPUT',
    `allocating ${required} to ${requested} extra IPv${family} prefixes of length ${length}: ` +
      `expected a length of 1 to ${addressBits[family]}, and 1 <= required <= requested, required <= ${most}`,
  )
}

/** As many blocks as are requested, or as there is room for. */
export function drawMany(draw: Draw, wish: ExtraWish): readonly Prefix[] {
  const blocks: Prefix[] = []
  while (blocks.length < Math.min(wish.requested, most)) {
    const block = draw(wish.family, wish.length)
    if (block === undefined) break
    blocks.push(block)
  }
  return blocks
}
