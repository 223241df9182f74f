import type { Connections } from '#manager/connections.ts'
import type { ManagerStep } from '#manager/request.ts'
import { numbersOf, type TunnelBook } from '#manager/tunnel-numbers.ts'

/**
 * Gives the numbers of tunnels back that a run has taken and not used, and those of a connection that has ended. It stands
 * before the journal, because a number is free only when links and journal have forgotten the connection.
 */
export function numbersKept(book: TunnelBook, connections: Connections): ManagerStep {
  const settle = (id: string): void => book.keep(id, numbersOf(connections.get(id)))
  const owned = (id: string) => async () => ({ value: undefined, release: async () => settle(id) })
  return {
    name: 'numbersKept',
    async request(input, call, next) {
      await call.scope.own('numbers of tunnels', owned(input.id))
      try {
        return await next(input, call)
      } finally {
        // What a first run has taken goes with its links, when the scope is rolled back.
        if (connections.get(input.id) !== undefined) settle(input.id)
      }
    },
    async close(wired, call, next) {
      await call.scope.own('numbers of tunnels', owned(wired.id))
      await next(wired, call)
    },
  }
}
