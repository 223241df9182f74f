import type { Socket } from 'node:net'
import { KernelError } from './errors.ts'
import { getsockopt } from './libc.ts'

/** Who is at the other end of a unix connection, in the words of the kernel. */
export interface Peer {
  /** Of the process that connected, as seen from our pid namespace; 0 when it is not visible from there. */
  readonly pid: number
  readonly uid: number
  readonly gid: number
  /** SO_NETNS_COOKIE of the network namespace that the connecting socket was made in. */
  readonly netnsCookie: bigint
}

/**
 * Names the peer of an accepted unix connection by SO_PEERCRED and SO_NETNS_COOKIE (unix(7), socket(7)).
 *
 * The socket that accept(2) returns belongs to the network namespace of the *client*, because connect(2) made it
 * (net/unix/af_unix.c, unix_stream_connect), so its cookie is the client's. Throws KernelError: ENOTCONN when the
 * socket has no descriptor any more, EOPNOTSUPP when it is not a unix socket.
 *
 * struct ucred: pid i32 @0, uid u32 @4, gid u32 @8.
 */
export function peerOf(socket: Socket): Peer {
  const fd = descriptorOf(socket)
  if (getsockopt(fd, { level: SOL_SOCKET, name: SO_DOMAIN, size: 4 }).readInt32LE() !== AF_UNIX) {
    throw new KernelError('asking who is at the other end of a socket that is not a unix socket', {
      errno: EOPNOTSUPP,
      syscall: 'getsockopt',
    })
  }
  const credentials = getsockopt(fd, { level: SOL_SOCKET, name: SO_PEERCRED, size: 12 })
  return {
    pid: credentials.readInt32LE(0),
    uid: credentials.readUInt32LE(4),
    gid: credentials.readUInt32LE(8),
    netnsCookie: cookieOfSocket(fd),
  }
}

/** SO_NETNS_COOKIE of a socket: names its network namespace, unique until the machine restarts (Linux 5.14). */
export function cookieOfSocket(fd: number): bigint {
  return getsockopt(fd, { level: SOL_SOCKET, name: SO_NETNS_COOKIE, size: 8 }).readBigUInt64LE()
}

/** The descriptor of a socket, which Node keeps in its undocumented handle. Throws KernelError ENOTCONN when it is closed. */
export function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  if (typeof fd === 'number' && fd >= 0) return fd
  throw new KernelError('asking who is at the other end of a closed socket', {
    errno: ENOTCONN,
    syscall: 'getsockopt',
  })
}

const SOL_SOCKET = 1
const SO_PEERCRED = 17
const SO_DOMAIN = 39
const SO_NETNS_COOKIE = 71
const AF_UNIX = 1
const EOPNOTSUPP = 95
const ENOTCONN = 107
