import type { Socket } from 'node:net'
import { type Peer, peerOf } from '#kernel/peer.ts'
import { NsmError } from '#sdk/errors.ts'

/** Names the caller, who must be of our own user, as the manager is. Throws DENIED for others, KernelError when it cannot tell. */
export function ownUser(socket: Socket): Peer {
  const peer = peerOf(socket)
  assertUser(peer, process.getuid?.())
  return peer
}

/** Throws DENIED unless the caller runs as the user. */
export function assertUser({ pid, uid }: Pick<Peer, 'pid' | 'uid'>, wanted: number | undefined): void {
  if (uid === wanted) return
  throw new NsmError(
    'DENIED',
    `accepting a connection from pid ${pid}: it runs as user ${uid}, and only user ${wanted}, as the manager does, may ask a forwarder`,
  )
}
