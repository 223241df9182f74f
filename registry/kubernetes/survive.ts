import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'

/** Milliseconds between two beginnings. */
const bounds = { first: 500, most: 30_000 }

/** Goes on with work that should never end, until the signal aborts: what broke it, a full disk say, may pass. */
export async function survive(work: () => Promise<void>, signal: AbortSignal, log: Log): Promise<void> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      await work()
    } catch (thrown) {
      if (signal.aborted) return
      log.error({ reason: NsmError.from(thrown).message }, 'the registry stumbled and begins again')
    }
    await pause(backoff(failures, bounds), signal)
  }
}
