import { closeSync, openSync } from 'node:fs'
import { isKernelError } from './errors.ts'
import type { NetnsName } from './link-plan.ts'
import { nodeNetns, type OpenNetns, openNetnsFile } from './netns.ts'
import type { Nsids } from './nsid.ts'
import { netnsFiles } from './resolve.ts'

/** An open namespace and the process through which it was found. */
export type FollowedNetns = OpenNetns & Pick<NetnsName, 'pidHint'>

/**
 * The namespaces that have an id in our own: where links of this forwarder or of an earlier life of it can be, and not
 * those of another forwarder that sees the same processes. Found by one scan of /proc and of bind mounts, because an
 * id cannot be opened. Who asks for the next one disposes of it. Throws KernelError.
 */
export function* followedNetns(nsids: Nsids): Generator<FollowedNetns> {
  const own = nodeNetns().cookie
  for (const path of netnsFiles()) {
    const netns = openIfFollowed(path, nsids)
    if (netns === undefined) continue
    if (netns.cookie === own) netns[Symbol.dispose]()
    else yield { ...netns, ...pidOf(path) }
  }
}

/** Undefined for a namespace without an id, that has ended meanwhile, or that another user namespace owns. */
function openIfFollowed(path: string, nsids: Nsids): OpenNetns | undefined {
  try {
    const fd = openSync(path, 'r')
    try {
      return nsids.knows(fd) ? openNetnsFile(`/proc/self/fd/${fd}`) : undefined
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    if (isKernelError(cause, 'EPERM', 'EINVAL') || isAbsent(cause)) return undefined
    throw cause
  }
}

function pidOf(path: string): { readonly pidHint?: number } {
  const pid = /^\/proc\/(\d+)\//.exec(path)?.[1]
  return pid === undefined ? {} : { pidHint: Number(pid) }
}

function isAbsent(cause: unknown): boolean {
  return (
    cause instanceof Error && 'code' in cause && ['ENOENT', 'ESRCH', 'EACCES'].includes(String(cause.code))
  )
}
