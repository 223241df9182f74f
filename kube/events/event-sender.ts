import { type ApiCall, type KubeApi, KubeApiError } from '#kube/api.ts'
import { isSilent, newPatience } from '#kube/patience.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { type Budget, newBudget } from './budget.ts'
import { eventObject, series } from './event-object.ts'
import type { EventReport, Reporter } from './event-report.ts'
import { eventName, type Series, SeriesStore } from './series-store.ts'

/**
 * What became of an Event: `dropped` because too many wait, `limited` because its object had too many. What the same
 * Event only counts further is not told.
 */
export type SendResult = 'sent' | 'dropped' | 'limited' | 'failed'

/** What the sending needs. */
export interface EventsOptions {
  readonly api: Pick<KubeApi, 'call'>
  readonly log: Log
  readonly reporter: Reporter
  readonly onResult?: (result: SendResult) => void
}

/** Events that may wait for being sent. */
const queueLength = 256

/** Milliseconds between two words about the same thing. */
const interval = 10_000

/** Milliseconds that one Event may take. */
const deadline = 2_000

/** Milliseconds after which what has not been sent is no news any more. */
const newsMs = 600_000

/** Bounds of the wait for an API server that is away or overrun, in milliseconds. */
const waits = { first: 1_000, most: interval }

/** Milliseconds that remain for what waits when the program ends. */
const flushMs = 1_000

/**
 * Sends Events one after the other, beside the work that causes them. What repeats is counted and said again at most
 * every 10 s; an object gets at most ten new Events at once, then one each 10 s; at most 256 wait, for ten minutes at most if
 * the API server is away. Disposing it sends what waits, for 1 s at most.
 */
export class EventSender implements AsyncDisposable {
  readonly #options: EventsOptions
  readonly #series = new SeriesStore(4 * queueLength)
  readonly #budget: Budget = newBudget({
    burst: 10,
    refillMs: interval,
    keys: 4 * queueLength,
    now: Date.now,
  })
  /** Whoever may make pods may name owners as he likes, so that a limit for each alone would be none. */
  readonly #overall: Budget = newBudget({ burst: queueLength, refillMs: 50, keys: 1, now: Date.now })
  /** What is to be sent, and when. */
  readonly #waiting = new Map<string, number>()
  readonly #stop = new AbortController()
  readonly #patience = newPatience(waits)
  /** Before that nothing is sent, for the API server was away. */
  #quietUntil = 0
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #ending = false
  #failing = false

  constructor(options: EventsOptions) {
    this.#options = options
  }

  /** Takes up what is worth an Event, if anything is, or drops it. Never throws, never waits. */
  record(make: () => EventReport | undefined): void {
    if (this.#ending) return
    try {
      const report = make()
      if (report === undefined) return
      const key = this.#series.count(report, Date.now())
      if (!this.#waiting.has(key)) this.#enqueue(key, JSON.stringify(report.regarding))
    } catch (thrown) {
      this.#failed(thrown)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true
    clearTimeout(this.#timer)
    const timer = setTimeout(
      () => this.#stop.abort(new NsmError('CANCELLED', 'sending Events: the program ends')),
      flushMs,
    )
    await this.#sending
    await this.#drain()
    clearTimeout(timer)
  }

  #enqueue(key: string, owner: string): void {
    if (this.#waiting.size >= queueLength) return this.#told('dropped')
    if (!this.#budget.take(owner) || !this.#overall.take('')) return this.#told('limited')
    const sent = this.#series.get(key)?.sent
    this.#waiting.set(key, sent === undefined ? 0 : sent + interval)
    if (this.#sending === undefined) this.#wake()
  }

  /** Sends what is due as soon as it is; the timer does not keep the program alive. */
  #wake(): void {
    clearTimeout(this.#timer)
    if (this.#waiting.size === 0 || this.#ending) return
    const due = Math.max(this.#quietUntil, Math.min(...this.#waiting.values()))
    const wait = Math.min(interval, Math.max(0, due - Date.now()))
    const start = () => {
      this.#sending = this.#drain().finally(() => {
        this.#sending = undefined
        this.#wake()
      })
    }
    this.#timer = setTimeout(start, wait).unref()
  }

  async #drain(): Promise<void> {
    for (;;) {
      const now = Date.now()
      if (now < this.#quietUntil && !this.#ending) return
      const [key] = [...this.#waiting].find(([, due]) => this.#ending || due <= now) ?? []
      if (key === undefined || this.#stop.signal.aborted) return
      this.#waiting.delete(key)
      const found = this.#series.get(key)
      if (found === undefined) continue
      this.#series.change(key, { sent: now })
      try {
        await this.#send(key, found)
        this.#failing = false
        this.#patience.succeeded()
        this.#told('sent')
      } catch (thrown) {
        const isNews = now - found.last < newsMs
        if (isNews && mayPass(thrown) && !this.#ending) this.#later(key, thrown)
        else this.#failed(thrown)
      }
    }
  }

  async #send(key: string, found: Series): Promise<void> {
    const { report, name, stored } = found
    const path = `/apis/events.k8s.io/v1/namespaces/${report.regarding.namespace}/events`
    if (stored) {
      try {
        await this.#call({ method: 'PATCH', path: `${path}/${name}`, body: series(found) })
        return
      } catch (thrown) {
        if (!(thrown instanceof KubeApiError && thrown.code === 'NOT_FOUND')) throw thrown
        // It expired there: the thing is told anew.
        this.#series.change(key, { stored: false })
      }
    }
    const fresh = stored ? eventName(report) : name
    const body = eventObject(report, found, { name: fresh, ...this.#options.reporter })
    try {
      await this.#call({ method: 'POST', path, body })
    } catch (thrown) {
      // An attempt whose answer was lost has stored it.
      if (NsmError.from(thrown).code !== 'ALREADY_EXISTS') throw thrown
    }
    this.#series.change(key, { stored: true, name: fresh })
  }

  async #call(call: Omit<ApiCall, 'signal'>): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(deadline)])
    await this.#options.api.call({ ...call, signal })
  }

  /** Has an Event wait, with all others. */
  #later(key: string, thrown: unknown): void {
    this.#waiting.set(key, 0)
    this.#quietUntil = Date.now() + this.#patience.failed(thrown)
    this.#complain(thrown, 'Events wait for the API server')
  }

  #failed(thrown: unknown): void {
    this.#complain(thrown, 'an Event was not sent')
    this.#told('failed')
  }

  /** One line when sending begins to fail, not one for each Event. */
  #complain(thrown: unknown, words: string): void {
    if (!this.#failing) this.#options.log.warn({ reason: NsmError.from(thrown).message }, words)
    this.#failing = true
  }

  #told(result: SendResult): void {
    this.#options.onResult?.(result)
  }
}

/** Whether what failed may succeed later as it is: nobody answered, or the server has too much to do. */
function mayPass(thrown: unknown): boolean {
  return isSilent(thrown) || NsmError.from(thrown).code === 'API_UNAVAILABLE'
}
