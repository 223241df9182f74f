import { watch } from 'node:fs'
import { dirname } from 'node:path'
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
  let changed = Promise.withResolvers<void>()
  const wake = () => changed.resolve()
  const folders = new Set([dirname(files.certificate), dirname(files.key)])
  const watchers = [...folders].map(folder =>
    watch(folder, wake).on('error', error =>
      log.warn({ folder, err: error }, 'cannot watch the certificate; looking now and then'),
    ),
  )
  const timer = setInterval(wake, everyMs).unref()
  signal.addEventListener('abort', wake, { once: true })
  let { cert, key } = options.current
  try {
    while (!signal.aborted) {
      await changed.promise
      changed = Promise.withResolvers()
      const found = signal.aborted ? undefined : await readUsable(files, log)
      if (found === undefined || (found.cert === cert && found.key === key)) continue
      ;({ cert, key } = found)
      use(found)
      log.info({ certificate: files.certificate }, 'the certificate was replaced')
    }
  } finally {
    clearInterval(timer)
    for (const watcher of watchers) watcher.close()
  }
}

async function readUsable(files: KeyPairFiles, log: Log): Promise<KeyPair | undefined> {
  try {
    return await readKeyPair(files)
  } catch (error) {
    log.warn({ err: error }, 'the new certificate is not usable; the old one stays')
    return undefined
  }
}
