import { addressBits, type Family } from './address.ts'
import type { Drawing } from './draw.ts'
import { type Cidr, networkOf, type Prefix } from './prefix.ts'

/**
 * How the two addresses of a connection are cut from the pool. `p30` is NSM v0.2's, `p32` is NSM v1's.
 *
 * | form  | takes       | client (src)  | endpoint (dst) | mask       |
 * |-------|-------------|---------------|----------------|------------|
 * | `p30` | /30 or /126 | network + 1   | network + 2    | /30, /126  |
 * | `p31` | /31 or /127 | network       | network + 1    | /31, /127  |
 * | `p32` | /31 or /127 | network + 1   | network        | /32, /128  |
 *
 * Where no /31 is left, `p32` takes two single addresses, the lower one for the endpoint.
 */
export type PairForm = 'p30' | 'p31' | 'p32'

const forms = {
  p30: { blockBits: 2, maskBits: 2, src: 1n, dst: 2n },
  p31: { blockBits: 1, maskBits: 1, src: 0n, dst: 1n },
  p32: { blockBits: 1, maskBits: 0, src: 1n, dst: 0n },
} as const

/** Length of the block that a pair takes. */
export function blockLength(form: PairForm, family: Prefix['family']): number {
  return addressBits[family] - forms[form].blockBits
}

/** The addresses of a connection in one family. */
export interface Pair {
  readonly src: Cidr
  readonly dst: Cidr
  /** What they take out of the pool. */
  readonly blocks: readonly Prefix[]
}

/** Takes the next pair: one of those that the connection had before, else a new one; undefined when there is no room. */
export function drawPair(
  drawing: Drawing,
  { form, family }: { readonly form: PairForm; readonly family: Family },
  before: readonly Pair[],
): Pair | undefined {
  const known = before.find(pair => pair.src.family === family && drawing.take(pair.blocks))
  if (known !== undefined) return known
  const block = drawing.next(family, blockLength(form, family))
  if (block !== undefined) return pairIn(form, block)
  if (form !== 'p32') return undefined
  const [dst, src] = [drawing.next(family, addressBits[family]), drawing.next(family, addressBits[family])]
  return dst === undefined || src === undefined ? undefined : singles(...inOrder(dst, src))
}

/** The pair that two addresses are; undefined when they are none of the form. */
export function pairOf(form: PairForm, src: Cidr, dst: Cidr): Pair | undefined {
  const single = addressBits[src.family]
  if (form === 'p32') {
    const both = src.length === single && dst.length === single && src.family === dst.family
    return both && src.address !== dst.address ? singles(dst, src) : undefined
  }
  const pair = pairIn(form, networkOf(src, blockLength(form, src.family)))
  return isSame(pair.src, src) && isSame(pair.dst, dst) ? pair : undefined
}

function pairIn(form: PairForm, block: Prefix): Pair {
  const { maskBits, src, dst } = forms[form]
  const length = addressBits[block.family] - maskBits
  const at = (offset: bigint) => ({ family: block.family, address: block.address + offset, length })
  return form === 'p32' ? singles(at(dst), at(src)) : { src: at(src), dst: at(dst), blocks: [block] }
}

function singles(dst: Cidr, src: Cidr): Pair {
  return { src, dst, blocks: [dst, src] }
}

function inOrder(a: Prefix, b: Prefix): readonly [Prefix, Prefix] {
  return a.address < b.address ? [a, b] : [b, a]
}

function isSame(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.address === b.address && a.length === b.length
}
