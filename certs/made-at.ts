/** Clocks of two machines may differ by this much, in milliseconds. */
const skew = 5 * 60_000

/** By how much a certificate of that life begins before it is made; of a life of seconds, five minutes would be nearly all. */
export function headStart(lifeMs: number): number {
  return Math.min(skew, lifeMs / 10)
}

/** When a certificate was made, in milliseconds since 1970, as its own times tell. */
export function madeAt({
  notBefore,
  notAfter,
}: {
  readonly notBefore: number
  readonly notAfter: number
}): number {
  return notBefore + Math.min(skew, (notAfter - notBefore) / 11)
}
