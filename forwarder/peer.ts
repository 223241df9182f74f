import type { Socket } from 'node:net'
import { type Peer, peerOf } from '#kernel/peer.ts'
import { NsmError } from '#sdk/errors.ts'

/** Admits processes of our own user, such as the manager. Throws DENIED for others. */
export function ownUser(socket: Socket): Peer {
  const peer = peerOf(socket)
  const own = process.getuid?.()
  if (peer.uid === own) return peer
  throw new NsmError(
    'DENIED',
    `accepting a connection from pid ${peer.pid}: it runs as user ${peer.uid}, and only the manager, user ${own}, may ask a forwarder`,
  )
}
