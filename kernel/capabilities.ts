/** The capabilities of a thread (capabilities(7)). The kernel keeps them for each thread; execve(2) makes them a process's. */
import { readFileSync } from 'node:fs'
import { isKernelError } from './errors.ts'
import { capset, prctl } from './libc.ts'

/** Numbers of linux/capability.h, of those that somebody here may want. */
const numbers = {
  SETPCAP: 8,
  NET_BROADCAST: 11,
  NET_ADMIN: 12,
  NET_RAW: 13,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
} as const

/** Name of a capability, as in a container's security context. */
export type Capability = keyof typeof numbers

/** What a thread may do; the sets have bit n for capability n. */
export interface Privileges {
  readonly permitted: bigint
  readonly effective: bigint
  readonly inheritable: bigint
  readonly bounding: bigint
  readonly ambient: bigint
  /** `no_new_privs`: no execve(2) can add to them. */
  readonly canGain: 'yes' | 'no'
}

/** Reads a status file of procfs, by default that of the calling thread. Throws Node's error when it cannot be read. */
export function readPrivileges(path = '/proc/thread-self/status'): Privileges {
  return parsePrivileges(readFileSync(path, 'utf8'))
}

/** proc_pid_status(5): `CapPrm:` and its like in hexadecimal, `NoNewPrivs:` 0 or 1. */
export function parsePrivileges(status: string): Privileges {
  const field = (name: string) =>
    BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? 0}`)
  return {
    permitted: field('CapPrm'),
    effective: field('CapEff'),
    inheritable: field('CapInh'),
    bounding: field('CapBnd'),
    ambient: field('CapAmb'),
    canGain: field('NoNewPrivs') === 1n ? 'no' : 'yes',
  }
}

/** Which of the wanted capabilities are not permitted. */
export function lacking({ permitted }: Privileges, wanted: readonly Capability[]): readonly Capability[] {
  return wanted.filter(name => (permitted & maskOf([name])) === 0n)
}

/**
 * Whether there is exactly what is wanted and nothing can be added. The bounding set may be larger where SETPCAP never
 * was there to lower it: without new privileges it grants nothing.
 */
export function areExactly(privileges: Privileges, wanted: readonly Capability[]): boolean {
  const mask = maskOf(wanted)
  const { permitted, effective, inheritable, ambient, canGain } = privileges
  return (
    canGain === 'no' && permitted === mask && effective === mask && ((inheritable | ambient) & ~mask) === 0n
  )
}

/**
 * Takes everything but these capabilities, and the way back to more, from the calling thread: bounding, ambient,
 * permitted, effective and inheritable set, and no_new_privs. The other threads of the process keep theirs, so follow it
 * with execve(2). Throws KernelError EPERM when one is not permitted.
 */
export function keepOnly(wanted: readonly Capability[]): void {
  lowerBounding(wanted)
  const doing = `keeping only the capabilities ${wanted.join(', ')}`
  prctl(PR_CAP_AMBIENT, [PR_CAP_AMBIENT_CLEAR_ALL], doing)
  capset(header(), sets(maskOf(wanted)))
  // A user other than root keeps over execve only what is ambient.
  for (const name of wanted) prctl(PR_CAP_AMBIENT, [PR_CAP_AMBIENT_RAISE, numbers[name]], doing)
  prctl(PR_SET_NO_NEW_PRIVS, [1], doing)
}

function lowerBounding(wanted: readonly Capability[]): void {
  const { bounding, effective } = readPrivileges()
  if ((effective & maskOf(['SETPCAP'])) === 0n) return
  const left = bounding & ~maskOf(wanted)
  for (let number = 0; left >> BigInt(number) !== 0n; number++) {
    if (((left >> BigInt(number)) & 1n) === 0n) continue
    try {
      prctl(PR_CAPBSET_DROP, [number], `taking capability ${number} out of the bounding set`)
    } catch (cause) {
      // EINVAL: the kernel does not know it.
      if (!isKernelError(cause, 'EINVAL')) throw cause
    }
  }
}

function maskOf(names: readonly Capability[]): bigint {
  return names.reduce((mask, name) => mask | (1n << BigInt(numbers[name])), 0n)
}

/** struct __user_cap_header_struct: version u32 @0, pid i32 @4 (0: the calling thread). */
function header(): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(LINUX_CAPABILITY_VERSION_3, 0)
  return bytes
}

/** Twice struct __user_cap_data_struct, low half first: effective u32 @0, permitted u32 @4, inheritable u32 @8. */
function sets(mask: bigint): Buffer {
  const bytes = Buffer.alloc(24)
  for (const [at, half] of [mask & 0xffffffffn, mask >> 32n].entries()) {
    for (const field of [0, 4, 8]) bytes.writeUInt32LE(Number(half), at * 12 + field)
  }
  return bytes
}

const LINUX_CAPABILITY_VERSION_3 = 0x20080522
const PR_CAPBSET_DROP = 24
const PR_SET_NO_NEW_PRIVS = 38
const PR_CAP_AMBIENT = 47
const PR_CAP_AMBIENT_RAISE = 2
const PR_CAP_AMBIENT_CLEAR_ALL = 4
