import { create } from '@bufbuild/protobuf'
import {
  type Connection,
  type ConnectionEvent,
  ConnectionEventSchema,
  ConnectionEventType,
  type MonitorScopeSelector,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { selectorMatches } from '#sdk/wire/selector.ts'

/** What a watcher has not been told yet, by connection id: never more than one state of each. */
type News = Map<string, { readonly type: ConnectionEventType; readonly connection: Connection }>

/** One who watches connections: collects what changed until it is taken. */
export class Watcher {
  readonly #selector: MonitorScopeSelector
  #news: News = new Map()
  #waiting = Promise.withResolvers<void>()

  constructor(selector: MonitorScopeSelector) {
    this.#selector = selector
  }

  tell(type: ConnectionEventType, connection: Connection): void {
    if (!selectorMatches(this.#selector, connection)) return
    this.#news.set(connection.id, { type, connection })
    this.wake()
  }

  wake(): void {
    this.#waiting.resolve()
  }

  /** Resolves when there is news, or when woken for another reason. */
  async something(): Promise<void> {
    await this.#waiting.promise
    this.#waiting = Promise.withResolvers()
  }

  /** The news as at most one event per kind. */
  *take(): Iterable<ConnectionEvent> {
    const news = [...this.#news.values()]
    this.#news = new Map()
    for (const type of [ConnectionEventType.DELETE, ConnectionEventType.UPDATE]) {
      const changed = news.filter(item => item.type === type).map(item => item.connection)
      if (changed.length > 0) yield eventOf(type, changed)
    }
  }
}

/** One event about several connections. */
export function eventOf(type: ConnectionEventType, connections: readonly Connection[]): ConnectionEvent {
  return create(ConnectionEventSchema, {
    type,
    connections: Object.fromEntries(connections.map(connection => [connection.id, connection])),
  })
}
