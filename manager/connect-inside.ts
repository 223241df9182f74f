import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { NsmError } from '#sdk/errors.ts'
import type { Connect } from '#sdk/rpc/line.ts'

/** Of open(2), which Node does not name: the file itself is not opened, only found. */
const O_PATH = 0o10000000

/**
 * Connects to a socket in a directory that a pod may write: to the very file that has the name, never to where a link leads,
 * whenever the pod puts one there. Throws DENIED for what is no socket, and what open(2) says, such as ENOENT.
 */
export const connectInside: Connect = (target): Socket => {
  if (target.kind !== 'unix')
    throw new NsmError('INTERNAL', `connecting to a ${target.kind} address where a pod's socket was meant`)
  const { path } = target
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW)
  try {
    if (!fstatSync(fd).isSocket()) throw new NsmError('DENIED', `connecting to ${path}: it is no socket`)
    const socket = connect({ path: `/proc/self/fd/${fd}` })
    socket.once('close', () => closeSync(fd))
    return socket
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
}
