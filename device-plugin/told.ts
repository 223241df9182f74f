import { join } from 'node:path'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { Client } from '#sdk/rpc/types.ts'
import { NSMD } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { type FolderWatch, onAbort } from './folder-watch.ts'
import { managerSocket } from './names.ts'
import type { Workspaces } from './workspaces.ts'

/** What telling the manager depends on. */
export interface ToldOptions {
  readonly baseDir: string
  /** Of `baseDir`. */
  readonly watch: FolderWatch
  readonly workspaces: Workspaces
  readonly log: Log
}

/** Codes that say that there is no manager, and nothing of what it was asked. */
const absent: readonly string[] = ['MANAGER_UNAVAILABLE', 'SOCKET_MISSING', 'DEADLINE', 'CANCELLED']

/** Milliseconds that the manager may take; one that was stopped takes for ever, and its successor is another. */
const timeoutMs = 10_000

/**
 * Keeps the manager told of every workspace until the signal aborts: of new ones at once, of all of them when it has
 * started, and of those that kubelet gave to nobody that they can go. Never fails; a refusal is logged once.
 */
export async function keepTold(options: ToldOptions, signal: AbortSignal): Promise<void> {
  const { baseDir, watch, workspaces, log } = options
  let failures = 0
  let lastRefusal = ''
  using _manager = watch.listen(name => {
    if (name === managerSocket) workspaces.tellAll()
  })
  const gone = Promise.withResolvers<void>()
  using _gone = onAbort(signal, () => gone.resolve())
  while (!signal.aborted) {
    try {
      await using channel = dial(`unix://${join(baseDir, managerSocket)}`)
      const manager = channel.client(NSMD)
      while (!signal.aborted) {
        const changed = workspaces.changed
        await tell(manager, options, signal)
        failures = 0
        lastRefusal = ''
        await Promise.race([changed, gone.promise])
      }
    } catch (thrown) {
      if (signal.aborted) return
      const { code, message } = NsmError.from(thrown)
      if (message !== lastRefusal) log.warn({ code }, `the manager is not told of workspaces: ${message}`)
      lastRefusal = message
    }
    failures += 1
    using wake = watch.until(managerSocket, signal)
    await pause(backoff(failures), wake.signal)
  }
}

async function tell(
  manager: Client<typeof NSMD>,
  { workspaces, log }: ToldOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const { workspace, podUid } of workspaces.untold()) {
    await unlessRefused(log, `opening workspace ${workspace}`, () =>
      manager.requestClientConnection({ workspace, podUid }, { signal, timeoutMs }),
    )
    workspaces.told(workspace, podUid)
  }
  for (const workspace of workspaces.forNobody()) {
    await unlessRefused(log, `removing workspace ${workspace}`, () =>
      manager.deleteClientConnection({ workspace, unclaimed: true }, { signal, timeoutMs }),
    )
    if (workspaces.forgetRemoved(workspace) === 'removed')
      log.info({ workspace }, `removed workspace ${workspace}, which kubelet gave to no pod`)
  }
}

/** What is refused for one workspace must not keep the others waiting. */
async function unlessRefused(log: Log, what: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call()
  } catch (thrown) {
    const { code, message } = NsmError.from(thrown)
    if (absent.includes(code)) throw thrown
    log.error({ code }, `${what}: ${message}`)
  }
}
