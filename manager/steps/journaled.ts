import type { Connections } from '#manager/connections.ts'
import { hold, holdToEnd } from '#manager/hold.ts'
import type { Monitor } from '#manager/monitor.ts'
import type { ManagerStep } from '#manager/request.ts'

/**
 * Writes the connection into the journal before anybody is told of it, and takes it out last of all when it ends:
 * what the journal does not know, a manager that was killed could not undo.
 */
export function journaled(connections: Connections, monitor: Monitor): ManagerStep {
  const forget = async (id: string): Promise<void> => {
    const wired = connections.get(id)
    if (wired === undefined) return
    connections.remove(id)
    monitor.ended(wired)
  }
  const entry = (id: string) => ({ key: 'journal entry', release: () => forget(id) })
  return {
    name: 'journaled',
    async request(input, call, next) {
      await hold(call.scope, entry(input.id), connections.get(input.id) === undefined ? 'now' : 'before')
      const wired = await next(input, call)
      const { created = wired.created } = connections.get(input.id) ?? {}
      const setupMicros = BigInt(Math.round((performance.now() - input.started) * 1000))
      const kept = { ...wired, created, setupMicros }
      connections.put(kept)
      monitor.updated(kept)
      return kept
    },
    async close(wired, call, next) {
      await holdToEnd(call.scope, entry(wired.id))
      await next(wired, call)
    },
  }
}
