/** The longest timer of Node, in milliseconds: 24.8 days. */
const longest = 2 ** 31 - 1

/** A signal that aborts after so many milliseconds, 0 for never; what a timer cannot hold is cut to what it can. */
export function deadline(ms: number): AbortSignal {
  if (ms === 0) return new AbortController().signal
  return AbortSignal.timeout(Math.min(longest, Math.max(1, Math.round(ms))))
}
