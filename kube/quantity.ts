/** What a suffix of a quantity multiplies by: powers of two, and powers of ten by their exponent. */
const binary: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n }
const decimal: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}

const pattern =
  /^(?<sign>[+-]?)(?:(?<whole>[0-9]+)(?:\.(?<part>[0-9]*))?|\.(?<only>[0-9]+))(?:(?<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?<exponent>[+-]?[0-9]{1,2}))?$/

/**
 * The amount that a Kubernetes quantity stands for, in billionths, so that `1000m`, `1` and `1e0` are the same.
 * Undefined for a text that is no quantity (resource.Quantity in Kubernetes' apimachinery). Longer than 40 characters
 * is none: nobody means it, and big numbers cost.
 */
export function parseQuantity(text: string): bigint | undefined {
  const groups = text.length <= 40 ? pattern.exec(text)?.groups : undefined
  if (groups === undefined) return undefined
  const part = groups['part'] ?? groups['only'] ?? ''
  const digits = BigInt(`${groups['whole'] ?? ''}${part}`)
  const signed = groups['sign'] === '-' ? -digits : digits
  const power = Number(groups['exponent'] ?? decimal[groups['suffix'] ?? ''] ?? 0) + 9 - part.length
  const amount = signed << (binary[groups['suffix'] ?? ''] ?? 0n)
  if (power >= 0) return amount * 10n ** BigInt(power)
  const divisor = 10n ** BigInt(-power)
  // Kubernetes rounds up what is finer than a billionth.
  return amount / divisor + (amount % divisor > 0n ? 1n : 0n)
}

/** Whether a quantity is nothing: it has no digit but zeros before an exponent. Cheaper than its amount. */
export function isZero(quantity: string | number): boolean {
  return !/^[^eE]*[1-9]/.test(String(quantity))
}

/** Whether two quantities are the same amount; texts that are none are the same only letter by letter. */
export function sameQuantity(one: string | number, other: string | number): boolean {
  if (one === other) return true
  const [a, b] = [parseQuantity(String(one)), parseQuantity(String(other))]
  return a === undefined || b === undefined ? String(one) === String(other) : a === b
}
