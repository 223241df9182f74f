import { backoff } from '#sdk/workspace/backoff.ts'
import type { Wired } from './request.ts'

/** Makes a connection again, and never fails. */
export type Mend = (wired: readonly Wired[], why: string) => Promise<void>

/** What holds where nobody says otherwise, in milliseconds. */
export interface MendingTimes {
  /** Bounds of the pause before the second and each later attempt; default 250 ms to 30 s. */
  readonly pauses?: { readonly first: number; readonly most: number }
  /** After which without trouble the next one is mended at once again; default a minute. */
  readonly quietMs?: number
}

interface Trouble {
  readonly attempts: number
  readonly timer: NodeJS.Timeout
  /** What is done when the pause is over; undefined when nothing waits. */
  readonly waiting: (() => void) | undefined
}

/**
 * Makes connections again that are broken: at once the first time, then after pauses that grow, because what an attempt
 * does not mend, as when the network between nodes drops packets, seems whole for a moment after each.
 */
export class Mending implements Disposable {
  readonly #mend: Mend
  readonly #pauses: { readonly first: number; readonly most: number }
  readonly #quietMs: number
  readonly #troubles = new Map<string, Trouble>()

  constructor(mend: Mend, { pauses = { first: 250, most: 30_000 }, quietMs = 60_000 }: MendingTimes = {}) {
    this.#mend = mend
    this.#pauses = pauses
    this.#quietMs = quietMs
  }

  /** A connection is broken. Nothing new when it waits already. */
  broken(wired: Wired, why: string): void {
    const { attempts = 0, waiting } = this.#troubles.get(wired.id) ?? {}
    if (waiting !== undefined) return
    const attempt = (): void => {
      this.#watch(wired.id, attempts + 1)
      void this.#mend([wired], why)
    }
    if (attempts === 0) return attempt()
    const timer = setTimeout(attempt, backoff(attempts, this.#pauses)).unref()
    this.#set(wired.id, { attempts, timer, waiting: attempt })
  }

  /** A connection is whole. One that still waits to be mended need not wait longer: that only notes it. */
  whole({ id }: Wired): void {
    this.#troubles.get(id)?.waiting?.()
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#troubles.values()) clearTimeout(timer)
    this.#troubles.clear()
  }

  /** Forgets the trouble of a connection when it has been quiet for long. */
  #watch(id: string, attempts: number): void {
    const timer = setTimeout(() => this.#troubles.delete(id), this.#quietMs).unref()
    this.#set(id, { attempts, timer, waiting: undefined })
  }

  #set(id: string, trouble: Trouble): void {
    clearTimeout(this.#troubles.get(id)?.timer)
    this.#troubles.set(id, trouble)
  }
}
