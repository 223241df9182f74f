import { abortable } from '#sdk/chain/abortable.ts'

/** How far a watch has come, for those who wait until it has come to what they wrote. */
export class Revision {
  #reached = 0n
  #moved = Promise.withResolvers<void>()

  /** All up to this one is known; a lower one than before changes nothing. */
  reach(revision: bigint): void {
    if (revision <= this.#reached) return
    this.#reached = revision
    this.#moved.resolve()
    this.#moved = Promise.withResolvers()
  }

  /** Resolves when that revision is known; throws the signal's reason when it is aborted first. */
  async until(revision: bigint, signal: AbortSignal): Promise<void> {
    while (this.#reached < revision) await abortable(this.#moved.promise, signal)
  }
}
