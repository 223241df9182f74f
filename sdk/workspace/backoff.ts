/** Bounds of the pause between two attempts, in milliseconds. */
export interface BackoffBounds {
  readonly first: number
  readonly most: number
}

/** Quick at first, because what is missing often appears within the second; never slower than every two seconds. */
const usual: BackoffBounds = { first: 100, most: 2000 }

/**
 * Milliseconds to wait after the given number of failed attempts (1, 2, …): doubling from `first` to `most`, and
 * of that a random half to whole, so that many clients do not come back at the same moment.
 */
export function backoff(failures: number, bounds: BackoffBounds = usual): number {
  const longest = Math.min(bounds.most, bounds.first * 2 ** (failures - 1))
  return longest * (0.5 + Math.random() / 2)
}
