import type { KernelEvent } from '#kernel/port.ts'
import type { Metric } from '#runtime/metrics-text.ts'
import { type ErrorCode, NsmError } from '#sdk/errors.ts'

/** Counts what a forwarder does, since it was started. */
export class WorkCounters {
  readonly #netlink = new Map<string, number>()
  readonly #calls = new Map<string, Map<ErrorCode | 'OK', number>>()
  readonly #events = new Map<string, number>()

  /** One request to the kernel, by its name. */
  readonly sent = (name: string): void => add(this.#netlink, name)

  /** Passes the events on. */
  async *events(events: AsyncIterable<KernelEvent>): AsyncGenerator<KernelEvent> {
    for await (const event of events) {
      add(this.#events, event.type)
      yield event
    }
  }

  /** Does the work of a call and counts how it ends. */
  async call<T>(method: 'Request' | 'Close', work: () => Promise<T>): Promise<T> {
    const outcomes = this.#calls.get(method) ?? new Map<ErrorCode | 'OK', number>()
    this.#calls.set(method, outcomes)
    try {
      const result = await work()
      add(outcomes, 'OK')
      return result
    } catch (thrown) {
      add(outcomes, NsmError.from(thrown).code)
      throw thrown
    }
  }

  metrics(): readonly Metric[] {
    const calls = [...this.#calls].flatMap(([method, outcomes]) =>
      [...outcomes].map(([code, value]) => ({ labels: { method, code }, value })),
    )
    return [
      counter('nsm_forwarder_calls_total', 'Calls of the manager, by method and error code.', calls),
      counter(
        'nsm_forwarder_netlink_requests_total',
        'Requests to the kernel.',
        samplesOf('type', this.#netlink),
      ),
      counter(
        'nsm_forwarder_kernel_events_total',
        'Events of the kernel; resync: some were lost.',
        samplesOf('type', this.#events),
      ),
    ]
  }
}

function counter(name: string, help: string, samples: Metric['samples']): Metric {
  return { name, type: 'counter', help, samples }
}

function samplesOf(label: string, counts: ReadonlyMap<string, number>): Metric['samples'] {
  return [...counts].map(([key, value]) => ({ labels: { [label]: key }, value }))
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
