import { once } from 'node:events'
import type { Server } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'

/** What draining is about; times are in milliseconds. */
interface Draining {
  readonly server: Server
  /** Closes the connections on which nothing came yet, which node does not count as idle. */
  readonly closeUnused: () => void
  /** For everybody to know that this server goes away. */
  readonly delayMs: number
  /** For requests that are under way; then their connections are cut. */
  readonly finishMs: number
}

/**
 * Ends a server: serves on for a while, then takes no more connections, finishes the requests that it has and closes
 * every connection. The signal ends all waiting. The caller sees to it that answers carry `connection: close`.
 */
export async function drain(draining: Draining, signal: AbortSignal): Promise<void> {
  const { server, closeUnused, delayMs, finishMs } = draining
  if (!server.listening) return
  await pause(delayMs, signal)
  const closed = once(server, 'close')
  // This closes the idle connections as well.
  server.close()
  // A first request may be on its way, so the others get a moment.
  const unused = setInterval(closeUnused, 100)
  const hurry = AbortSignal.any([signal, AbortSignal.timeout(finishMs)])
  const cut = () => server.closeAllConnections()
  if (hurry.aborted) cut()
  hurry.addEventListener('abort', cut, { once: true })
  await closed
  clearInterval(unused)
  hurry.removeEventListener('abort', cut)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    if (ms > 0) await delay(ms, undefined, { signal })
  } catch {
    // Told to hurry.
  }
}
