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

/**
 * Watches the manager and makes lost connections again, until the signal aborts. A monitor stream that ends is opened
 * again, and what the manager then does not know is lost. Fails when a connection cannot be made again.
 */
export async function keep(options: KeepOptions): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const running = new Map<string, Promise<void>>()

  function reconnect(id: string): void {
    if (running.has(id)) return
    const work = options
      .reconnect(id, signal)
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
