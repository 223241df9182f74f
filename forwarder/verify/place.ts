import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { isKernelError } from '#kernel/errors.ts'
import type { NetnsName } from '#kernel/link-plan.ts'
import { nodeNetns } from '#kernel/netns.ts'
import { peerOf } from '#kernel/peer.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Pods } from './pods.ts'

/**
 * The forwarder's network namespace, if it is ours too. Throws SOCKET_MISSING when nobody serves the socket, and DENIED,
 * with the command to use instead, when the forwarder could not find the pods that we make: it lives in another user or
 * PID namespace, or we may make none.
 */
export async function placeOf(path: string, pods: Pods): Promise<NetnsName | undefined> {
  const pid = await serverOf(path)
  const reach = `nsenter --target ${pid} --user --mount --pid --net -- nsm forwarder verify ${path}`
  if (pid === 0)
    throw new NsmError(
      'DENIED',
      `verifying ${path}: its forwarder lives in a PID namespace that cannot be seen from here; run this command as root on the node, in the host’s PID namespace`,
    )
  if (linkOf(pid, 'user') !== linkOf('self', 'user'))
    throw new NsmError(
      'DENIED',
      `verifying ${path}: its forwarder (pid ${pid}) lives in another user namespace, where it cannot reach pods that are made here; run: ${reach}`,
    )
  try {
    await pods.remove(pods.add())
  } catch (cause) {
    if (!isKernelError(cause, 'EPERM')) throw cause
    throw new NsmError(
      'DENIED',
      `verifying ${path}: making network namespaces for pods needs CAP_SYS_ADMIN; run this command as root, or let it start the forwarder in a user namespace of its own: nsm forwarder verify ${path} -- COMMAND`,
      { cause },
    )
  }
  return linkOf(pid, 'net') === linkOf('self', 'net') ? nodeNetns() : undefined
}

/** Pid of the process that listens, as seen from here; 0 when it cannot be seen. */
async function serverOf(path: string): Promise<number> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return peerOf(socket).pid
  } catch (cause) {
    throw new NsmError('SOCKET_MISSING', `verifying ${path}: nobody serves it; is the forwarder running?`, {
      cause,
    })
  } finally {
    socket.destroy()
  }
}

/** The namespace of a process as /proc names it, or what cannot be compared with any when it may not be read. */
function linkOf(pid: number | 'self', kind: 'user' | 'net'): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    return `${pid}`
  }
}
