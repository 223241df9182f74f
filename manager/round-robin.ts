/** Takes turns among candidates, separately for each key. */
export class RoundRobin {
  readonly #turns = new Map<string, number>()

  /** The candidates with the one whose turn it is first. */
  next<T>(key: string, candidates: readonly T[]): readonly T[] {
    if (candidates.length === 0) return candidates
    const turn = this.#turns.get(key) ?? 0
    this.#turns.set(key, (turn + 1) % Number.MAX_SAFE_INTEGER)
    const first = turn % candidates.length
    return [...candidates.slice(first), ...candidates.slice(0, first)]
  }
}
