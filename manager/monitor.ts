import { eventOf, Watcher } from '#sdk/elements/watcher.ts'
import {
  type Connection,
  type ConnectionEvent,
  ConnectionEventType,
  type MonitorScopeSelector,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { selectorMatches } from '#sdk/wire/selector.ts'
import type { Connections } from './connections.ts'
import type { Wired } from './request.ts'

/** Who watches, and which connections he may see. */
export interface View {
  readonly selector: MonitorScopeSelector
  readonly mayBeSeen: (wired: Wired) => boolean
}

/** Tells those who watch of connections that were made, changed or ended. */
export class Monitor {
  readonly #connections: Connections
  readonly #watchers = new Map<Watcher, View>()

  constructor(connections: Connections) {
    this.#connections = connections
  }

  updated(wired: Wired): void {
    this.#tell(ConnectionEventType.UPDATE, wired)
  }

  ended(wired: Wired): void {
    this.#tell(ConnectionEventType.DELETE, wired)
  }

  /** The connections of now in one event, even if there is none, then each change, until the signal aborts. */
  async *watch(view: View, signal: AbortSignal): AsyncGenerator<ConnectionEvent, void> {
    const watcher = new Watcher(view.selector)
    const wake = (): void => watcher.wake()
    this.#watchers.set(watcher, view)
    signal.addEventListener('abort', wake)
    try {
      yield eventOf(ConnectionEventType.INITIAL_STATE_TRANSFER, this.#seenBy(view))
      while (!signal.aborted) {
        await watcher.something()
        yield* watcher.take()
      }
    } finally {
      signal.removeEventListener('abort', wake)
      this.#watchers.delete(watcher)
    }
  }

  #seenBy({ selector, mayBeSeen }: View): readonly Connection[] {
    const visible = this.#connections.list().filter(mayBeSeen)
    return visible
      .map(({ connection }) => connection)
      .filter(connection => selectorMatches(selector, connection))
  }

  #tell(type: ConnectionEventType, wired: Wired): void {
    for (const [watcher, { mayBeSeen }] of this.#watchers) {
      if (mayBeSeen(wired)) watcher.tell(type, wired.connection)
    }
  }
}
