import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { peerOf } from '#kernel/peer.ts'
import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { config } from './config.ts'
import { ownNetnsCookie } from './own-netns.ts'
import { startManager } from './start.ts'

/** Serves until the signal aborts. What is connected stays connected. */
export async function run(settings: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  if (settings.listen !== undefined && !settings.insecure)
    throw new NsmError(
      'BAD_CONFIG',
      'NSMD_API_ADDRESS: managers cannot authenticate each other yet; set NSM_INSECURE=true to serve them without TLS',
    )
  await using manager = await startManager({
    ...settings,
    baseDir: resolve(settings.baseDir),
    nodeCookie: settings.allowHostNetwork ? undefined : await ownNetnsCookie(peerOf),
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    forwarderWaitMs: settings.forwarderWait,
    endpointWaitMs: settings.endpointWait,
    timeoutMs: settings.timeout,
    peerOf,
    version: '',
    log,
  })
  log.info({ node: settings.node, baseDir: settings.baseDir, url: manager.url }, 'the manager serves')
  if (!signal.aborted) await once(signal, 'abort')
}
