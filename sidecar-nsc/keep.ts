import { create } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Client } from '#sdk/rpc/types.ts'
import { type MonitorConnection, MonitorScopeSelectorSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { lostOf } from './lost.ts'

/** How to keep connections. */
export interface KeepOptions {
  /** The connections, by id. */
  readonly ids: readonly string[]
  readonly monitor: Client<typeof MonitorConnection>
  /** Makes a lost connection again; asked one loss of an id after the other. */
  readonly reconnect: (id: string, signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
  readonly log: Log
}

/** Milliseconds before a connection that is lost over and over is made again, and after which it counts as kept. */
const [pauses, keptMs] = [{ first: 250, most: 30_000 }, 60_000] as const

/**
 * Watches the manager and makes lost connections again, until the signal aborts. A monitor stream that ends is opened
 * again, and what the manager then does not know is lost. What is lost again soon after it was made is waited with, longer
 * each time: a data path that stays broken seems whole after each request. Fails when a connection cannot be made again.
 */
export async function keep(options: KeepOptions): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const running = new Map<string, Promise<void>>()
  const losses = new Map<string, { readonly count: number; readonly mended: number }>()

  async function again(id: string): Promise<void> {
    const { count, mended } = losses.get(id) ?? { count: 0, mended: 0 }
    const soon = count > 0 && performance.now() - mended < keptMs ? count : 0
    if (soon > 0) await pause(backoff(soon, pauses), signal)
    if (!signal.aborted) await options.reconnect(id, signal)
    losses.set(id, { count: soon + 1, mended: performance.now() })
  }

  function reconnect(id: string): void {
    if (running.has(id)) return
    const work = again(id)
      .catch((thrown: unknown) => failed.abort(thrown))
      .finally(() => running.delete(id))
    running.set(id, work)
  }

  for (let failures = 1; !signal.aborted; failures++) {
    try {
      const events = options.monitor.monitorConnections(create(MonitorScopeSelectorSchema), { signal })
      for await (const event of events) {
        failures = 0
        for (const id of lostOf(event, options.ids)) reconnect(id)
      }
    } catch (thrown) {
      const level = failures > 1 ? 'debug' : 'warn' // once is enough to know
      if (!signal.aborted)
        options.log[level]({}, `lost sight of the manager: ${NsmError.from(thrown).message}`)
    }
    await pause(backoff(Math.max(1, failures)), signal)
  }
  await Promise.all(running.values())
  if (failed.signal.aborted && !options.signal.aborted) throw failed.signal.reason
}
