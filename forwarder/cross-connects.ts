import { create } from '@bufbuild/protobuf'
import {
  type CrossConnect,
  type CrossConnectEvent,
  CrossConnectEventSchema,
  CrossConnectEventType,
  CrossConnectSchema,
} from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'

/** What a watcher has not been told yet: the last state of each cross connect, or undefined when it is gone. */
type News = Map<string, CrossConnect | undefined>

interface Watcher {
  readonly news: News
  wake: () => void
}

/** The cross connects of this forwarder as they are now, and those who watch them. */
export class CrossConnects {
  readonly #present = new Map<string, CrossConnect>()
  readonly #watchers = new Set<Watcher>()

  get(id: string): CrossConnect | undefined {
    return this.#present.get(id)
  }

  all(): readonly CrossConnect[] {
    return [...this.#present.values()]
  }

  put(crossConnect: CrossConnect): void {
    this.#present.set(crossConnect.id, crossConnect)
    this.#tell(crossConnect.id, crossConnect)
  }

  remove(id: string): void {
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
      yield eventOf(CrossConnectEventType.INITIAL_STATE_TRANSFER, this.#present)
      while (!signal.aborted) {
        if (watcher.news.size > 0) yield* taken(watcher.news)
        else await new Promise<void>(resolve => void (watcher.wake = resolve))
      }
    } finally {
      signal.removeEventListener('abort', wake)
      this.#watchers.delete(watcher)
    }
  }

  #tell(id: string, state: CrossConnect | undefined): void {
    for (const watcher of this.#watchers) {
      watcher.news.set(id, state)
      watcher.wake()
    }
  }
}

/** The news as at most one event per kind. A deletion needs no more of a cross connect than its id. */
function* taken(news: News): Iterable<CrossConnectEvent> {
  const gone = new Map<string, CrossConnect>()
  const changed = new Map<string, CrossConnect>()
  for (const [id, state] of news) {
    if (state === undefined) gone.set(id, create(CrossConnectSchema, { id }))
    else changed.set(id, state)
  }
  news.clear()
  if (gone.size > 0) yield eventOf(CrossConnectEventType.DELETE, gone)
  if (changed.size > 0) yield eventOf(CrossConnectEventType.UPDATE, changed)
}

function eventOf(
  type: CrossConnectEventType,
  crossConnects: ReadonlyMap<string, CrossConnect>,
): CrossConnectEvent {
  return create(CrossConnectEventSchema, { type, crossConnects: Object.fromEntries(crossConnects) })
}
