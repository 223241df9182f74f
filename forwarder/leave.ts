import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kernel } from '#kernel/port.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { type MetricsAddress, serveMetrics } from './metrics-server.ts'
import { removeAll } from './remove-all.ts'

/** What leaving a node needs. */
export interface Leaving {
  readonly kernel: Kernel
  /** What is in it is deleted: sockets, workspaces, the journal. */
  readonly baseDirectory: string
  /** Where it says afterwards that it is done, under `/healthz`. */
  readonly metrics: MetricsAddress | undefined
  readonly log: Log
}

/**
 * Takes away all that the mesh has made on this node, when it is uninstalled; then only says so, until the signal aborts.
 * The manager must have ended, for it would make its connections again. Throws KernelError.
 */
export async function leave(
  { kernel, baseDirectory, metrics, log }: Leaving,
  signal: AbortSignal,
): Promise<void> {
  const links = await removeAll(kernel)
  const kept = await empty(baseDirectory, log)
  log.info({ links, baseDirectory, kept }, 'nothing of the mesh is left on this node')
  if (metrics === undefined) return
  await using _server = await serveMetrics(metrics, async () => [], log)
  if (!signal.aborted) await once(signal, 'abort')
}

/** Deletes what is in a directory, but not the directory, which is a mount; gives what others have made undeletable. */
async function empty(directory: string, log: Log): Promise<readonly string[]> {
  const names = await readdir(directory)
  const results = await Promise.allSettled(
    names.map(name => rm(join(directory, name), { recursive: true, force: true })),
  )
  return names.filter((name, index) => {
    const result = results[index]
    if (result?.status !== 'rejected') return false
    log.warn(
      { name, err: NsmError.from(result.reason) },
      'a workspace stays: its pod has put something into it that is not ours to delete',
    )
    return true
  })
}
