import { backoff } from '#sdk/workspace/backoff.ts'
import type { Wired } from './request.ts'

/** What mending depends on. */
export interface MendingOptions {
  /** Makes connections again, and never fails. */
  readonly mend: (wired: readonly Wired[], why: string) => Promise<void>
  /** Whether a connection is known and marked as down. */
  readonly isDown: (id: string) => boolean
  /** Milliseconds before the second and each later attempt; default 250 to 30,000. */
  readonly pauses?: { readonly first: number; readonly most: number }
  /** Milliseconds without trouble after which the next one is mended at once again; default a minute. */
  readonly quietMs?: number
}

interface Trouble {
  readonly attempts: number
  readonly timer: NodeJS.Timeout
  /** What is done when the pause is over; undefined when nothing waits. */
  readonly waiting: (() => void) | undefined
  /** Runs when the connection has been called whole in the pause. */
  proof: NodeJS.Timeout | undefined
}

/** Milliseconds that a connection has to stay whole: a request that passes the forwarder calls it whole as well. */
const proofMs = 1000

/**
 * Makes connections again that are broken: at once the first time, then after pauses that grow, because what an attempt
 * does not mend, as when the network between nodes drops packets, seems whole for a moment after each.
 */
export class Mending implements Disposable {
  readonly #options: MendingOptions
  readonly #troubles = new Map<string, Trouble>()

  constructor(options: MendingOptions) {
    this.#options = options
  }

  /** A connection is broken. Nothing new when it waits already. */
  broken(wired: Wired, why: string): void {
    const { mend, pauses = { first: 250, most: 30_000 }, quietMs = 60_000 } = this.#options
    const { id } = wired
    const trouble = this.#troubles.get(id)
    clearTimeout(trouble?.proof)
    if (trouble?.waiting !== undefined) return
    const attempts = trouble?.attempts ?? 0
    const attempt = (): void => {
      const timer = setTimeout(() => this.#troubles.delete(id), quietMs).unref()
      this.#set(id, { attempts: attempts + 1, timer, waiting: undefined, proof: undefined })
      void mend([wired], why)
    }
    if (attempts === 0) return attempt()
    const timer = setTimeout(attempt, backoff(attempts, pauses)).unref()
    this.#set(id, { attempts, timer, waiting: attempt, proof: undefined })
  }

  /** A connection is whole. One that waits to be mended, and is still marked as down when this has lasted, waits no longer. */
  whole({ id }: Wired): void {
    const trouble = this.#troubles.get(id)
    if (trouble?.waiting === undefined) return
    const { waiting } = trouble
    clearTimeout(trouble.proof)
    trouble.proof = setTimeout(() => {
      if (this.#options.isDown(id)) waiting()
    }, proofMs).unref()
  }

  [Symbol.dispose](): void {
    for (const id of this.#troubles.keys()) this.#clear(id)
    this.#troubles.clear()
  }

  #set(id: string, trouble: Trouble): void {
    this.#clear(id)
    this.#troubles.set(id, trouble)
  }

  #clear(id: string): void {
    clearTimeout(this.#troubles.get(id)?.timer)
    clearTimeout(this.#troubles.get(id)?.proof)
  }
}
