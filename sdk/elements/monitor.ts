import {
  type Connection,
  type ConnectionEvent,
  ConnectionEventType,
  type MonitorScopeSelector,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { selectorMatches } from '#sdk/wire/selector.ts'
import type { EndpointStep } from './endpoint-step.ts'
import { eventOf, Watcher } from './watcher.ts'

/** The connections of a chain and those who watch them. */
export interface Monitor {
  /** Publishes each answer of the rest of the chain, and the end of a connection when its scope is released. */
  readonly step: EndpointStep
  /**
   * The connections of now in one event, then each change, until the signal aborts. A watcher that is slow gets
   * the last state of each connection, not all states between.
   */
  watch(selector: MonitorScopeSelector, signal: AbortSignal): AsyncIterable<ConnectionEvent>
}

/** A monitor of a chain that has no connections yet. */
export function newMonitor(): Monitor {
  const connections = new Map<string, Connection>()
  const watchers = new Set<Watcher>()

  function publish(type: ConnectionEventType, connection: Connection): void {
    if (type === ConnectionEventType.DELETE) connections.delete(connection.id)
    else connections.set(connection.id, connection)
    for (const watcher of watchers) watcher.tell(type, connection)
  }

  return {
    step: {
      name: 'monitor',
      async request(request, call, next) {
        const connection = await next(request, call)
        await call.scope.own('monitor', () =>
          Promise.resolve({
            value: undefined,
            release: () => {
              publish(ConnectionEventType.DELETE, connections.get(connection.id) ?? connection)
              return Promise.resolve()
            },
          }),
        )
        publish(ConnectionEventType.UPDATE, connection)
        return connection
      },
    },
    async *watch(selector, signal) {
      const watcher = new Watcher(selector)
      watchers.add(watcher)
      const wake = (): void => watcher.wake()
      signal.addEventListener('abort', wake)
      try {
        const now = [...connections.values()].filter(connection => selectorMatches(selector, connection))
        yield eventOf(ConnectionEventType.INITIAL_STATE_TRANSFER, now)
        while (!signal.aborted) {
          await watcher.something()
          yield* watcher.take()
        }
      } finally {
        signal.removeEventListener('abort', wake)
        watchers.delete(watcher)
      }
    },
  }
}
