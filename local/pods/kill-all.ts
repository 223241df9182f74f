import { readdirSync, statSync } from 'node:fs'
import type { Netns } from '#kernel/netns.ts'

/**
 * Kills every process that lives in a pod's namespace. A container's process may have left the group that we signal;
 * without control groups, the namespace is the one mark that it cannot take off.
 */
export function killAllIn({ inode }: Netns): void {
  for (const entry of readdirSync('/proc').filter(name => /^[0-9]+$/.test(name))) {
    try {
      if (statSync(`/proc/${entry}/ns/net`, { bigint: true }).ino === inode)
        process.kill(Number(entry), 'SIGKILL')
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && gone.has(cause.code))) throw cause
    }
  }
}

const gone: ReadonlySet<unknown> = new Set(['ENOENT', 'ESRCH', 'EACCES'])
