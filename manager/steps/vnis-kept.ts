import type { Connections } from '#manager/connections.ts'
import type { ManagerStep } from '#manager/request.ts'
import { type Vnis, vniOf } from '#manager/vnis.ts'

/**
 * Gives the VXLAN identifiers back that a run has taken and not used, and that of a connection that has ended. It stands
 * before the journal, because an identifier is free only when links and journal have forgotten the connection.
 */
export function vnisKept(vnis: Vnis, connections: Connections): ManagerStep {
  const settle = (id: string): void => {
    const wired = connections.get(id)
    vnis.keep(id, wired === undefined ? undefined : vniOf(wired))
  }
  const owned = (id: string) => async () => ({ value: undefined, release: async () => settle(id) })
  return {
    name: 'vnisKept',
    async request(input, call, next) {
      await call.scope.own('VXLAN identifiers', owned(input.id))
      try {
        return await next(input, call)
      } finally {
        // What a first run has taken goes with its links, when the scope is rolled back.
        if (connections.get(input.id) !== undefined) settle(input.id)
      }
    },
    async close(wired, call, next) {
      await call.scope.own('VXLAN identifiers', owned(wired.id))
      await next(wired, call)
    },
  }
}
