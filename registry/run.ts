import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { config } from './config.ts'
import { startRegistry } from './start.ts'

/** Serves until the signal aborts. */
export async function run(settings: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  if (settings.listen.startsWith('tcp://') && !settings.insecure)
    throw new NsmError(
      'BAD_CONFIG',
      `NSM_REGISTRY_LISTEN=${settings.listen}: nobody is authenticated over TCP; serve at unix:///path, or set NSM_INSECURE=true`,
    )
  mkdirSync(dirname(settings.file), { recursive: true })
  await using registry = await startRegistry({
    address: settings.listen,
    file: settings.file,
    leaseMs: settings.lease,
    log,
  })
  log.info({ address: registry.address, file: settings.file }, 'the registry serves')
  if (!signal.aborted) await once(signal, 'abort')
}
