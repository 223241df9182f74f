import { once } from 'node:events'
import type { Server } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'

/** How long to wait for what, in milliseconds. */
export interface DrainTimes {
  /** For everybody to know that this server goes away. */
  readonly delayMs: number
  /** For requests that are under way; then their connections are cut. */
  readonly finishMs: number
}

/**
 * Ends a server: serves on for a while, then takes no more connections, finishes the requests that it has and closes
 * every connection. The signal ends all waiting. The caller sees to it that answers carry `connection: close`.
 */
export async function drain(server: Server, times: DrainTimes, signal: AbortSignal): Promise<void> {
  if (!server.listening) return
  await pause(times.delayMs, signal)
  const closed = once(server, 'close')
  // This closes the idle connections as well.
  server.close()
  const hurry = AbortSignal.any([signal, AbortSignal.timeout(times.finishMs)])
  const cut = () => server.closeAllConnections()
  if (hurry.aborted) cut()
  hurry.addEventListener('abort', cut, { once: true })
  await closed
  hurry.removeEventListener('abort', cut)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    if (ms > 0) await delay(ms, undefined, { signal })
  } catch {
    // Told to hurry.
  }
}
