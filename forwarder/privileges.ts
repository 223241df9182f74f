import { setImmediate } from 'node:timers/promises'
import {
  areExactly,
  type Capability,
  keepOnly,
  lacking,
  type Privileges,
  readPrivileges,
} from '#kernel/capabilities.ts'
import { NsmError } from '#sdk/errors.ts'

/** All that a forwarder may do beyond an ordinary process; kernel/README.md says for what. */
export const capabilities: readonly Capability[] = ['NET_ADMIN', 'SYS_ADMIN', 'SYS_PTRACE', 'NET_BROADCAST']

/**
 * Makes this process one that has the four capabilities, no other, and no way to more, in every thread. Where it has
 * more, it replaces itself by execve(2), keeping pid, arguments and open standard streams: the kernel keeps capabilities
 * for each thread, and of those that Node has started already no other can take them away.
 *
 * Throws KERNEL when one of the four is missing or the rest cannot be given up, and the signal's reason when it has aborted.
 */
export async function limitPrivileges(signal: AbortSignal): Promise<void> {
  const privileges = readPrivileges()
  assertSufficient(privileges)
  if (areExactly(privileges, capabilities)) return
  if (process.env[again] !== undefined) {
    throw new NsmError('KERNEL', `${starting}: it still has other capabilities after giving them up`)
  }
  keepOnly(capabilities)
  // A SIGTERM that has arrived is handled here; it would be forgotten by the next program.
  await setImmediate()
  signal.throwIfAborted()
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  process.execve?.(process.execPath, args, { UV_THREADPOOL_SIZE: '32', ...process.env, [again]: '1' })
  throw new NsmError('KERNEL', `${starting}: this Node (${process.version}) has no process.execve`)
}

/** Throws KERNEL that names the capabilities that are missing and says how to give them. */
export function assertSufficient(privileges: Privileges): void {
  const missing = lacking(privileges, capabilities)
  if (missing.length === 0) return
  throw new NsmError(
    'KERNEL',
    `${starting}: it lacks ${missing.map(name => `CAP_${name}`).join(', ')}; run it as root, or give its container ${capabilities.join(', ')} (securityContext.capabilities.add)`,
  )
}

const starting = 'starting the forwarder'

/** Set for the program that was started with what was kept, so that it never starts itself for ever. */
const again = 'NSM_FORWARDER_LIMITED'
