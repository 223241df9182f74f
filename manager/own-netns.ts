import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Peer } from './identity.ts'

/** The cookie of the network namespace that this process lives in: what it sees when it calls itself. */
export async function ownNetnsCookie(peerOf: (socket: Socket) => Peer): Promise<bigint> {
  const server = createServer()
  // An abstract name: no file, and out of sight of other namespaces.
  const name = `\0nsm-${randomUUID()}`
  server.listen(name)
  await once(server, 'listening')
  const client = connect(name)
  const accepted: readonly Socket[] = await once(server, 'connection')
  try {
    const [socket] = accepted
    return socket === undefined ? 0n : peerOf(socket).netnsCookie
  } finally {
    for (const socket of [client, ...accepted]) socket.destroy()
    server.close()
  }
}
