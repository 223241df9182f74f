import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { Manager } from './manager.ts'

/** Milliseconds that one close may take: a pod that ends is killed after 30 s. */
const closeMs = 5000

/**
 * Closes connections side by side, under deadlines of their own. One that cannot be closed is only told: the manager
 * closes it when the pod's network namespace ends.
 */
export async function closeAll(
  connections: readonly Connection[],
  manager: Manager,
  log: Log,
): Promise<void> {
  await Promise.all(
    connections.map(async connection => {
      try {
        await manager.close(connection, { timeoutMs: closeMs })
      } catch (thrown) {
        const { id } = connection
        const error = NsmError.from(thrown)
        const level = error.code === 'SOCKET_MISSING' ? 'debug' : 'warn' // without a socket nothing was ever made
        log[level]({ id }, `closing ${id} failed: ${error.message}`)
      }
    }),
  )
}
