import { isKernelError } from '#kernel/errors.ts'
import type { NetnsName } from '#kernel/link-plan.ts'
import { nodeNetns, openNetnsFile } from '#kernel/netns.ts'
import { netnsFiles } from '#kernel/resolve.ts'

/**
 * The network namespaces of this machine but our own: where links of ours can be. Found through /proc and bind
 * mounts and not by the ids that namespaces have in our own, because an nsid cannot be opened.
 */
export function podNamespaces(): readonly NetnsName[] {
  const own = nodeNetns().cookie
  return netnsFiles()
    .flatMap(path => nameOf(path) ?? [])
    .filter(({ cookie }) => cookie !== own)
}

/** Undefined for a namespace that has ended meanwhile, or that another user namespace owns: none of ours. */
function nameOf(path: string): NetnsName | undefined {
  try {
    using netns = openNetnsFile(path)
    return { cookie: netns.cookie, inode: netns.inode, ...pidOf(path) }
  } catch (cause) {
    if (isKernelError(cause, 'EPERM') || isAbsent(cause)) return undefined
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
