import type { Counter } from 'prom-client'

/** Combinations of labels that one counter may have: more than there are, and few enough for any Prometheus. */
const most = 200

/**
 * Counts by labels without ever making more series than `most`: what comes beyond is counted as `other`, since some of
 * the words come from whoever asks. The labels are resolved once for each combination.
 */
export function boundedCounter<T extends string>(counter: Counter<T>): (labels: readonly string[]) => void {
  const known = new Map<string, { inc(): void }>()
  return labels => {
    const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('|')
    const child = known.get(key)
    if (child !== undefined) return child.inc()
    const fits = known.size < most
    const made = counter.labels(...(fits ? labels : labels.map(() => 'other')))
    if (fits) known.set(key, made)
    made.inc()
  }
}
