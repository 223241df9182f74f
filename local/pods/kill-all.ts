import { readdirSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Netns } from '#kernel/netns.ts'

/** Passes over /proc, 5 ms apart: one that forks while it is looked for is found by the next. */
const passes = 200

/**
 * Kills every process that lives in a pod's namespace, and waits until they are gone. A container's process may have
 * left the group that we signal; without control groups, the namespace is the one mark that it cannot take off.
 */
export async function killAllIn(netns: Netns): Promise<void> {
  for (let pass = 0; pass < passes; pass += 1) {
    const pids = readdirSync('/proc').filter(entry => /^[0-9]+$/.test(entry) && livesIn(netns, entry))
    if (pids.length === 0) return
    for (const pid of pids) unlessGone(() => process.kill(Number(pid), 'SIGKILL'))
    await delay(5)
  }
}

function livesIn({ inode }: Netns, pid: string): boolean {
  return unlessGone(() => statSync(`/proc/${pid}/ns/net`, { bigint: true }).ino) === inode
}

/** Undefined when the process has ended, or is none that we may look into. */
function unlessGone<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && gone.has(cause.code)) return undefined
    throw cause
  }
}

const gone: ReadonlySet<unknown> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM'])
