/** How many Events one object may get. */
export interface Budget {
  /** Takes one of the key's tokens; false when it has none left. */
  take(key: string): boolean
}

/** Bounds of a budget. */
export interface BudgetOptions {
  /** Tokens of a key that has not been seen for long. */
  readonly burst: number
  /** Milliseconds until one token comes back. */
  readonly refillMs: number
  /** Keys that are remembered; the one that was used longest ago goes first. */
  readonly keys: number
  readonly now: () => number
}

/** A token bucket for each key, bounded in memory. */
export function newBudget({ burst, refillMs, keys, now }: BudgetOptions): Budget {
  const buckets = new Map<string, { readonly tokens: number; readonly at: number }>()
  return {
    take(key) {
      const at = now()
      const bucket = buckets.get(key) ?? { tokens: burst, at }
      const tokens = Math.min(burst, bucket.tokens + Math.max(0, at - bucket.at) / refillMs)
      buckets.delete(key)
      buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, at })
      const oldest = buckets.keys().next()
      if (buckets.size > keys && oldest.done !== true) buckets.delete(oldest.value)
      return tokens >= 1
    },
  }
}
