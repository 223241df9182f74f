import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { config } from './config.ts'
import { connectAll } from './connect-all.ts'
import { managerAt } from './manager.ts'
import { planOf } from './plan.ts'
import { writeTerminationLog } from './termination-log.ts'

/** Connects to all services that the environment names, and ends; the manager keeps the connections. */
export async function run(settings: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  const tell = (message: string): void => writeTerminationLog(settings.terminationLog, message)
  try {
    const { requests, address } = planOf(settings)
    await connectAll(requests, {
      manager: managerAt(address),
      attemptMs: settings.requestTimeout,
      deadlineMs: settings.deadline,
      onFailure: settings.onFailure,
      signal,
      log,
      onWaiting: tell,
    })
    tell('')
  } catch (thrown) {
    tell(NsmError.from(thrown).message)
    throw thrown
  }
}
