/** Parsers for configuration values; each throws Error with a reason that follows `NAME="value": `. */

/** Any text. */
export function text(value: string): string {
  return value
}

/** A list separated by commas, each item trimmed; empty items are left out. */
export function list(value: string): readonly string[] {
  return value
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

/** `true`, `false`, `1`, `0`, `yes`, `no`, any case. */
export function flag(value: string): boolean {
  const word = value.trim().toLowerCase()
  if (['true', '1', 'yes'].includes(word)) return true
  if (['false', '0', 'no'].includes(word)) return false
  throw new Error('expected true or false')
}

/** A whole number within bounds. */
export function integer(bounds: { readonly min: number; readonly max: number }): (value: string) => number {
  return value => {
    const number = /^-?[0-9]+$/.test(value.trim()) ? Number(value) : Number.NaN
    if (!(number >= bounds.min && number <= bounds.max)) {
      throw new Error(`expected a whole number from ${bounds.min} to ${bounds.max}`)
    }
    return number
  }
}

/** A Go duration (`90s`, `1m30s`, `500ms`) or plain seconds, as milliseconds. */
export function duration(value: string): number {
  const trimmed = value.trim()
  // Long digits make patterns slow, and nobody means them.
  if (trimmed.length > 40) throw new Error('expected a duration like 500ms, 90s or 1m30s')
  if (/^[0-9]+(\.[0-9]+)?$/.test(trimmed)) return Number(trimmed) * 1000
  const parts = [...trimmed.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(part => part[0]).join('') !== trimmed) {
    throw new Error('expected a duration like 500ms, 90s or 1m30s')
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * (unitMs[part[2] ?? ''] ?? 0), 0)
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** One of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): (value: string) => W {
  return value => {
    const found = words.find(word => word === value)
    if (found === undefined) throw new Error(`expected one of ${words.join(', ')}`)
    return found
  }
}
