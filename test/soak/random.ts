/** Numbers that look random and are the same for the same seed (mulberry32). */
export interface Random {
  /** An integer from 0 up to, but not, `end`. */
  below(end: number): number
  /** One of some values. */
  oneOf<T>(values: readonly [T, ...T[]]): T
}

/** Begins a series of numbers. */
export function newRandom(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return { below, oneOf: values => values[below(values.length)] ?? values[0] }
}
