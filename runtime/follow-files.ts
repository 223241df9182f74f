import { watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Log } from '#sdk/log.ts'

/**
 * Calls back when one of the files may have changed, until the signal aborts. The folders are watched, not the files,
 * since kubelet replaces a Secret by swapping a symbolic link. Network file systems send no events: look now and then.
 */
export async function followFiles(
  files: readonly string[],
  changed: () => void,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<void> {
  if (signal.aborted) return
  const watchers = [...new Set(files.map(file => dirname(file)))].map(folder =>
    watch(folder, changed).on('error', error =>
      log.warn({ folder, err: error }, 'cannot watch files; looking now and then'),
    ),
  )
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  for (const watcher of watchers) watcher.close()
}
