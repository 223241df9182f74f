import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'

/** Follows the connections of a server; the result closes those on which no byte of a request came yet. */
export function trackUnused(server: Server): () => void {
  const open = new Set<TLSSocket>()
  server.on('secureConnection', socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return () => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
  }
}
