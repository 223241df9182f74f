import { closeSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { KernelError } from './errors.ts'
import { getsockopt } from './libc.ts'
import { descriptorOf } from './peer.ts'

/**
 * Whether the process that connected still is, by SO_PEERPIDFD (Linux 6.5): while it is, its pid is no other's, so what was
 * read of that pid before is true of it. `unknown` where the kernel has no such option.
 */
export function peerLives(socket: Socket): 'yes' | 'no' | 'unknown' {
  try {
    const pidfd = getsockopt(descriptorOf(socket), {
      level: SOL_SOCKET,
      name: SO_PEERPIDFD,
      size: 4,
    }).readInt32LE()
    try {
      // `Pid:` is -1 once the process is gone (proc_pid_fdinfo(5)).
      return /^Pid:\t[1-9]/m.test(readFileSync(`/proc/self/fdinfo/${pidfd}`, 'utf8')) ? 'yes' : 'no'
    } finally {
      closeSync(pidfd)
    }
  } catch (thrown) {
    if (!(thrown instanceof KernelError)) throw thrown
    return thrown.errno === ENOPROTOOPT ? 'unknown' : 'no'
  }
}

const SOL_SOCKET = 1
const SO_PEERPIDFD = 77
const ENOPROTOOPT = 92
