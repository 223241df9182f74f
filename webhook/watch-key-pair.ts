import { watch } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { Log } from '#sdk/log.ts'
import { type KeyPair, type KeyPairFiles, readKeyPair } from './key-pair.ts'

/** How to watch. */
export interface WatchOptions {
  readonly files: KeyPairFiles
  /** The pair in use at the start. */
  readonly current: KeyPair
  /** Called with each new, complete pair. */
  readonly use: (keyPair: KeyPair) => void
  readonly log: Log
  /** How often to look even if no event came, in milliseconds: network file systems send none. Default one minute. */
  readonly everyMs?: number
}

/**
 * Follows the files of a key pair until the signal aborts. The folders are watched, not the files, since kubelet
 * replaces a Secret by swapping a symbolic link. A pair that is broken or half written is not used.
 */
export async function watchKeyPair(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { files, log, use, everyMs = 60_000 } = options
  let wake = Promise.withResolvers<void>()
  const folders = new Set([dirname(files.certificate), dirname(files.key)])
  const watchers = [...folders].map(folder =>
    watch(folder, { signal }, () => wake.resolve()).on('error', error =>
      log.warn({ folder, err: error }, 'cannot watch the certificate; looking once a minute'),
    ),
  )
  let { cert, key } = options.current
  try {
    while (!signal.aborted) {
      await Promise.race([wake.promise, after(everyMs, undefined, { signal, ref: false })])
      wake = Promise.withResolvers()
      const found = await readKeyPair(files).catch((error: unknown) =>
        log.warn({ err: error }, 'the new certificate is not usable; the old one stays'),
      )
      if (found === undefined || (found.cert === cert && found.key === key)) continue
      ;({ cert, key } = found)
      use(found)
      log.info({ certificate: files.certificate }, 'the certificate was replaced')
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  } finally {
    for (const watcher of watchers) watcher.close()
  }
}
