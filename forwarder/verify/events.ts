import { NsmError } from '#sdk/errors.ts'
import type { Client } from '#sdk/rpc/types.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import {
  type CrossConnectEvent,
  CrossConnectEventType,
  type MonitorCrossConnect,
} from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { Finding } from './finding.ts'

/** What a monitor says of one cross connect: the states of its ends, or that there is none. */
export type Sight = `${'UP' | 'DOWN'} ${'UP' | 'DOWN'}` | 'none'

/** What a forwarder tells its monitors, about one cross connect at a time. */
export class Events implements AsyncDisposable {
  readonly #stop = new AbortController()
  readonly #stream: AsyncIterator<CrossConnectEvent>
  readonly #sights = new Map<string, Sight>()

  private constructor(stream: AsyncIterable<CrossConnectEvent>, stop: AbortController) {
    this.#stop = stop
    this.#stream = stream[Symbol.asyncIterator]()
  }

  /** Begins to listen; the first event must tell all that there is. Throws Finding. */
  static async of(monitor: Client<typeof MonitorCrossConnect>): Promise<Events> {
    const stop = new AbortController()
    const events = new Events(monitor.monitorCrossConnects({}, { signal: stop.signal }), stop)
    const first = await events.#next('the first event', AbortSignal.timeout(deadlineMs))
    if (first.type !== CrossConnectEventType.INITIAL_STATE_TRANSFER)
      throw new Finding('the first event of a monitor is no INITIAL_STATE_TRANSFER')
    return events
  }

  /** What was said last of a cross connect. */
  of(id: string): Sight {
    return this.#sights.get(id) ?? 'none'
  }

  /** Listens until one of the wanted things was said. Throws Finding when it was not in time. */
  async until(id: string, ...wanted: readonly Sight[]): Promise<void> {
    const late = AbortSignal.timeout(deadlineMs)
    while (!wanted.includes(this.of(id)))
      await this.#next(`${wanted.join(' or ')}, after ${this.of(id)}`, late)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#stream.return?.()
  }

  async #next(wanted: string, late: AbortSignal): Promise<CrossConnectEvent> {
    const timer = Promise.withResolvers<never>()
    const tooLate = (): void =>
      timer.reject(new Finding(`the monitor did not tell within ${deadlineMs} ms: ${wanted}`))
    late.addEventListener('abort', tooLate, { once: true })
    try {
      const { value, done } = await Promise.race([this.#stream.next(), timer.promise])
      if (done === true) throw new Finding(`the monitor ended before it told: ${wanted}`)
      this.#take(value)
      return value
    } catch (thrown) {
      if (thrown instanceof Finding) throw thrown
      throw new Finding(`the monitor broke before it told ${wanted}: ${NsmError.from(thrown).message}`)
    } finally {
      late.removeEventListener('abort', tooLate)
    }
  }

  #take({ type, crossConnects }: CrossConnectEvent): void {
    for (const [id, { source, destination }] of Object.entries(crossConnects)) {
      const sight: Sight = `${stateOf(source)} ${stateOf(destination)}`
      this.#sights.set(id, type === CrossConnectEventType.DELETE ? 'none' : sight)
    }
  }
}

function stateOf(end: { readonly state: State } | undefined): 'UP' | 'DOWN' {
  return end?.state === State.DOWN ? 'DOWN' : 'UP'
}

/** Milliseconds within which an event must come. */
const deadlineMs = 5000
