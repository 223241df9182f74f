import { NsmError } from '#sdk/errors.ts'
import { type Log, silent } from '#sdk/log.ts'
import { abortable } from './abortable.ts'
import { both, failureOf } from './failure.ts'
import { newScope, type Scope } from './scope.ts'
import type { Service } from './step.ts'

/** A served chain: one life per connection id, one event of it at a time, in order of arrival. */
export interface Endpoint<I, O> extends AsyncDisposable {
  /**
   * Makes the connection, or refreshes it with the same scope when the id is known. A failed first request gives
   * back all it acquired and forgets the id; a failed refresh gives back only what it acquired itself.
   */
  request(input: I, signal: AbortSignal): Promise<O>
  /**
   * Ends the connection: aborts the requests of the id that came before, says close on the wire with the last good
   * output, gives back all that is owned, and then throws what went wrong. An unknown id succeeds. The signal ends
   * the caller's wait; the close itself goes on, under a deadline of its own.
   */
  close(id: string, signal: AbortSignal): Promise<void>
  /**
   * Runs a request again with its last good input, for events from within; `change` may build another input from
   * it. Fails with NOT_FOUND when the id has no good output at that moment.
   */
  again(id: string, signal: AbortSignal, change?: (input: I, last: O) => I): Promise<O>
  /** Takes over a connection known from a journal; its scope starts empty. A known id is ALREADY_EXISTS. */
  adopt(id: string, input: I, output: O): void
  /** The last good output, or undefined. */
  last(id: string): O | undefined
  /** The ids that have a good output. */
  ids(): readonly string[]
  /**
   * Aborts what runs, waits for it and takes no more requests. What is connected stays connected: a connection
   * outlives the program that made it, and only `close` ends it.
   */
  [Symbol.asyncDispose](): Promise<void>
}

/** What `begin` needs to know. */
export interface BeginOptions<I> {
  readonly idOf: (input: I) => string
  readonly log?: Log
  /** Milliseconds that the wire close may take; default 5,000. */
  readonly closeMs?: number
}

interface Life<I, O> {
  scope: Scope
  last: { readonly input: I; readonly output: O } | undefined
  /** Settles, never fails, when everything that is in line has had its turn. */
  line: Promise<void>
  inLine: number
  /** Aborts the requests that stand in line now; each close begins a new one. */
  stop: AbortController
}

/** Turns a service into an endpoint; the only maker of calls. */
export function begin<I, O>(service: Service<I, O>, options: BeginOptions<I>): Endpoint<I, O> {
  return new Beginning(service, options)
}

class Beginning<I, O> implements Endpoint<I, O> {
  readonly #service: Service<I, O>
  readonly #options: BeginOptions<I>
  readonly #log: Log
  readonly #lives = new Map<string, Life<I, O>>()
  #ended = false

  constructor(service: Service<I, O>, options: BeginOptions<I>) {
    this.#service = service
    this.#options = options
    this.#log = options.log ?? silent
  }

  async request(input: I, signal: AbortSignal): Promise<O> {
    return await this.#enter(this.#options.idOf(input), signal, () => input)
  }

  async again(id: string, signal: AbortSignal, change?: (input: I, last: O) => I): Promise<O> {
    return await this.#enter(id, signal, last => {
      if (last === undefined)
        throw new NsmError('NOT_FOUND', `repeating the request of connection ${id}: it is not connected`)
      return change === undefined ? last.input : change(last.input, last.output)
    })
  }

  async close(id: string, signal: AbortSignal): Promise<void> {
    const life = this.#lives.get(id)
    if (life === undefined) return
    this.#interrupt(life, `connection ${id} is being closed`)
    const closing = this.#inTurn(id, undefined, () => this.#end(life))
    closing.catch((cause: unknown) => {
      if (signal.aborted)
        this.#log.warn({ id, reason: NsmError.from(cause).message }, 'close failed after its caller had left')
    })
    await abortable(closing, signal)
  }

  adopt(id: string, input: I, output: O): void {
    if (this.#lives.has(id))
      throw new NsmError('ALREADY_EXISTS', `adopting connection ${id}: it is known already`)
    this.#lives.set(id, { ...newLife<I, O>(), last: { input, output } })
  }

  last(id: string): O | undefined {
    return this.#lives.get(id)?.last?.output
  }

  ids(): readonly string[] {
    return [...this.#lives].filter(([, life]) => life.last !== undefined).map(([id]) => id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    const lives = [...this.#lives.values()]
    for (const life of lives) this.#interrupt(life, 'the program is shutting down')
    await Promise.all(lives.map(life => life.line))
  }

  async #enter(id: string, signal: AbortSignal, inputOf: (last: Life<I, O>['last']) => I): Promise<O> {
    if (this.#ended)
      throw new NsmError('CANCELLED', `requesting connection ${id}: the program is shutting down`)
    return await this.#inTurn(id, signal, (life, either) => this.#run(life, either, inputOf(life.last)))
  }

  async #run(life: Life<I, O>, signal: AbortSignal, input: I): Promise<O> {
    const { scope } = life
    const mark = scope.mark()
    try {
      const output = await this.#service.request(input, { scope, signal, log: this.#log })
      life.last = { input, output }
      return output
    } catch (cause) {
      const undo = await failureOf(() =>
        life.last === undefined ? scope[Symbol.asyncDispose]() : scope.rollback(mark),
      )
      if (life.last === undefined) life.scope = newScope()
      throw undo === undefined ? cause : both(cause, undo.thrown)
    }
  }

  async #end(life: Life<I, O>): Promise<void> {
    const { scope, last } = life
    const signal = AbortSignal.timeout(this.#options.closeMs ?? 5000)
    const call = { scope, signal, log: this.#log }
    const wire =
      last === undefined ? undefined : await failureOf(() => this.#service.close(last.output, call))
    life.scope = newScope()
    life.last = undefined
    const undo = await failureOf(() => scope[Symbol.asyncDispose]())
    if (wire !== undefined && undo !== undefined) throw both(wire.thrown, undo.thrown)
    const failure = wire ?? undo
    if (failure !== undefined) throw failure.thrown
  }

  /** Runs `work` when all that came before has ended. Without a signal the wait cannot be given up. */
  async #inTurn<T>(
    id: string,
    signal: AbortSignal | undefined,
    work: (life: Life<I, O>, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const life = this.#lives.get(id) ?? newLife<I, O>()
    this.#lives.set(id, life)
    const either = signal === undefined ? never : AbortSignal.any([signal, life.stop.signal])
    const before = life.line
    const mine = Promise.withResolvers<void>()
    life.line = before.then(() => mine.promise)
    life.inLine += 1
    try {
      await abortable(before, either)
      return await work(life, either)
    } finally {
      mine.resolve()
      life.inLine -= 1
      if (life.inLine === 0 && life.last === undefined) this.#lives.delete(id)
    }
  }

  #interrupt(life: Life<I, O>, why: string): void {
    life.stop.abort(new NsmError('CANCELLED', why))
    life.stop = new AbortController()
  }
}

const never = new AbortController().signal

function newLife<I, O>(): Life<I, O> {
  return {
    scope: newScope(),
    last: undefined,
    line: Promise.resolve(),
    inLine: 0,
    stop: new AbortController(),
  }
}
