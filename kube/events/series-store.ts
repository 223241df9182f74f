import { randomBytes } from 'node:crypto'
import type { Occurrences } from './event-object.ts'
import type { EventReport } from './event-report.ts'

/** One thing that happens, again and again perhaps: one Event. */
export interface Series extends Occurrences {
  readonly report: EventReport
  /** Name of the Event. */
  readonly name: string
  /** Whether the API server has the Event. */
  readonly stored: boolean
  /** When it was sent last; undefined before the first time. */
  readonly sent?: number
}

/** After this long without a repetition, in milliseconds, the same thing is a new Event; the old one expires soon. */
const lifetime = 30 * 60_000

/** The series that are remembered: the `limit` that happened last. */
export class SeriesStore {
  readonly #series = new Map<string, Series>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string): Series | undefined {
    return this.#series.get(key)
  }

  /** Counts one occurrence; gives the key of its series. */
  count(report: EventReport, now: number): string {
    const key = JSON.stringify([report.regarding, report.reason, report.note])
    const known = this.#series.get(key)
    const goesOn = known !== undefined && now - known.last < lifetime
    this.#series.delete(key)
    this.#series.set(key, goesOn ? { ...known, count: known.count + 1, last: now } : begin(report, now))
    const oldest = this.#series.keys().next()
    if (this.#series.size > this.#limit && oldest.done !== true) this.#series.delete(oldest.value)
    return key
  }

  /** Notes how far the sending got; a series that was forgotten meanwhile stays so. */
  change(key: string, change: Pick<Partial<Series>, 'stored' | 'sent' | 'name'>): void {
    const known = this.#series.get(key)
    if (known !== undefined) this.#series.set(key, { ...known, ...change })
  }
}

/** An Event name is its object's name, cut to what a name may have, and a part that no other Event has. */
export function eventName(report: EventReport): string {
  return `${report.regarding.name.slice(0, 220)}.${randomBytes(8).toString('hex')}`
}

function begin(report: EventReport, now: number): Series {
  return { report, name: eventName(report), count: 1, first: now, last: now, stored: false }
}
