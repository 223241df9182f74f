import { create } from '@bufbuild/protobuf'
import type { NetnsName } from '#kernel/link-plan.ts'
import { crossConnectMetric } from '#sdk/wire/cross-connect-metric.ts'
import {
  type CrossConnect,
  type CrossConnectEvent,
  CrossConnectEventSchema,
  CrossConnectEventType,
  CrossConnectSchema,
} from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { endsOf } from './ends.ts'

/** A cross connect as it is now. */
export interface Present {
  readonly crossConnect: CrossConnect
  /** Why it carries nothing, in words; absent when it does. */
  readonly reason?: string
  /** Namespaces where an earlier life left ends of it, beside those that it names. */
  readonly strays?: readonly NetnsName[]
}

/** What a watcher has not been told yet: the last state of each cross connect, or undefined when it is gone. */
type News = Map<string, Present | undefined>

interface Watcher {
  readonly news: News
  wake: () => void
}

/** The cross connects of this forwarder as they are now, and those who watch them. */
export class CrossConnects {
  readonly #present = new Map<string, Present>()
  /** Ids by the cookie of a namespace with an end. */
  readonly #inNetns = new Map<bigint, Set<string>>()
  readonly #watchers = new Set<Watcher>()

  get(id: string): CrossConnect | undefined {
    return this.#present.get(id)?.crossConnect
  }

  /** Why a cross connect carries nothing; undefined when it does or is not known. */
  reasonOf(id: string): string | undefined {
    return this.#present.get(id)?.reason
  }

  /** Namespaces where an earlier life left ends of a cross connect, beside those that it names. */
  straysOf(id: string): readonly NetnsName[] {
    return this.#present.get(id)?.strays ?? []
  }

  all(): readonly CrossConnect[] {
    return [...this.#present.values()].map(({ crossConnect }) => crossConnect)
  }

  /** The ids of those with an end in a namespace. */
  idsIn(netns: bigint): readonly string[] {
    return [...(this.#inNetns.get(netns) ?? [])]
  }

  put(present: Present): void {
    const { id } = present.crossConnect
    this.#leave(id)
    this.#present.set(id, present)
    for (const { netns } of endsOf(present.crossConnect)) {
      const ids = this.#inNetns.get(netns.cookie) ?? new Set()
      this.#inNetns.set(netns.cookie, ids.add(id))
    }
    this.#tell(id, present)
  }

  remove(id: string): void {
    this.#leave(id)
    if (this.#present.delete(id)) this.#tell(id, undefined)
  }

  /**
   * All of now in one event, then each change, until the signal aborts. A watcher that is slow gets the last state
   * of each cross connect, not all states between.
   */
  async *watch(signal: AbortSignal): AsyncGenerator<CrossConnectEvent> {
    const watcher: Watcher = { news: new Map(), wake: () => undefined }
    const wake = (): void => watcher.wake()
    this.#watchers.add(watcher)
    signal.addEventListener('abort', wake)
    try {
      yield eventOf(CrossConnectEventType.INITIAL_STATE_TRANSFER, [...this.#present.values()])
      while (!signal.aborted) {
        if (watcher.news.size > 0) yield* taken(watcher.news)
        else await new Promise<void>(resolve => void (watcher.wake = resolve))
      }
    } finally {
      signal.removeEventListener('abort', wake)
      this.#watchers.delete(watcher)
    }
  }

  #leave(id: string): void {
    const before = this.get(id)
    if (before === undefined) return
    for (const { netns } of endsOf(before)) {
      const ids = this.#inNetns.get(netns.cookie)
      ids?.delete(id)
      if (ids?.size === 0) this.#inNetns.delete(netns.cookie)
    }
  }

  #tell(id: string, state: Present | undefined): void {
    for (const watcher of this.#watchers) {
      watcher.news.set(id, state)
      watcher.wake()
    }
  }
}

/** The news as at most one event per kind. A deletion needs no more of a cross connect than its id. */
function* taken(news: News): Iterable<CrossConnectEvent> {
  const gone: Present[] = []
  const changed: Present[] = []
  for (const [id, state] of news) {
    if (state === undefined) gone.push({ crossConnect: create(CrossConnectSchema, { id }) })
    else changed.push(state)
  }
  news.clear()
  if (gone.length > 0) yield eventOf(CrossConnectEventType.DELETE, gone)
  if (changed.length > 0) yield eventOf(CrossConnectEventType.UPDATE, changed)
}

/** The reasons travel as metrics, which is what an event has beside the cross connects. */
function eventOf(type: CrossConnectEventType, presents: readonly Present[]): CrossConnectEvent {
  return create(CrossConnectEventSchema, {
    type,
    crossConnects: Object.fromEntries(presents.map(({ crossConnect }) => [crossConnect.id, crossConnect])),
    metrics: Object.fromEntries(
      presents.flatMap(({ crossConnect: { id }, reason }) =>
        reason === undefined ? [] : [[id, { metrics: { [crossConnectMetric.reason]: reason } }]],
      ),
    ),
  })
}
