import { readFileSync } from 'node:fs'
import { podUidsOf } from './cgroup.ts'

/** Where procfs is. */
const procfs = '/proc'

/**
 * The uids of the pods that a process lies in, by its cgroups; empty for one that is gone, that is not visible (pid 0), or that
 * lives in no pod. Both files are readable by anybody who sees the process, without a capability.
 *
 * To be asked while the process is at the other end of a socket. Its start time is read before and after: a pid that went
 * to another process in between names nobody.
 */
export function podsOfProcess(pid: number, proc = procfs): readonly string[] {
  if (pid <= 0) return []
  try {
    const began = startTime(pid, proc)
    const uids = podUidsOf(readFileSync(`${proc}/${pid}/cgroup`, 'utf8'))
    return startTime(pid, proc) === began ? uids : []
  } catch {
    return []
  }
}

/** Field 22 of /proc/PID/stat (proc(5)), in clock ticks; the second field may hold anything, parentheses too. */
function startTime(pid: number, proc: string): string {
  const stat = readFileSync(`${proc}/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
