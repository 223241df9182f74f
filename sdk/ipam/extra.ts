import { NsmError } from '#sdk/errors.ts'
import { addressBits, type Family } from './address.ts'
import type { Drawing } from './draw.ts'
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

/** As many blocks as are requested, or as there is room for; first those that the connection had before. */
export function drawMany(drawing: Drawing, wish: ExtraWish, before: readonly Prefix[]): readonly Prefix[] {
  const enough = Math.min(wish.requested, most)
  const blocks = before
    .filter(({ family, length }) => family === wish.family && length === wish.length)
    .filter((block, at) => at < enough && drawing.take([block]))
  while (blocks.length < enough) {
    const block = drawing.next(wish.family, wish.length)
    if (block === undefined) break
    blocks.push(block)
  }
  return blocks
}
