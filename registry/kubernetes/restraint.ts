import { NsmError } from '#sdk/errors.ts'

/** How often an object may be made again in a row, and within how many milliseconds. */
const most = 3
const windowMs = 30_000

/** Keeps two who disagree about an object, one making and one deleting it, from doing so as fast as they can. */
export class Restraint {
  readonly #times = new Map<string, readonly number[]>()
  readonly #now: () => number

  /** `now` in milliseconds; default the process's clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Counts one more time. Throws CONFLICT when it is too soon. */
  pass(name: string): void {
    const now = this.#now()
    for (const [key, times] of this.#times) if ((times.at(-1) ?? 0) <= now - windowMs) this.#times.delete(key)
    const recent = (this.#times.get(name) ?? []).filter(time => time > now - windowMs)
    if (recent.length >= most)
      throw new NsmError(
        'CONFLICT',
        `making endpoint ${name} again: somebody deletes or changes its object over and over; it is made again later. Does its pod still exist?`,
      )
    this.#times.set(name, [...recent, now])
  }
}
