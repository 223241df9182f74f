import type { Connection } from '#sdk/http2/connection.ts'
import type { ByteStream } from '#sdk/http2/wire.ts'

/** Milliseconds between two questions whether the other side is there, and that it has to answer. */
const [intervalMs, patienceMs] = [60_000, 20_000]

/**
 * Cuts a TCP connection whose other side has gone without a word, as when its node lost power. Of a unix socket the
 * kernel tells that by itself.
 */
export function keepAlive(connection: Connection, socket: ByteStream): void {
  if (!('remoteFamily' in socket) || socket.remoteFamily === undefined) return
  const timer = setInterval(() => {
    const late = setTimeout(() => connection.cut(), patienceMs).unref()
    void connection.ping().then(() => clearTimeout(late))
  }, intervalMs).unref()
  void connection.closed.then(() => clearInterval(timer))
}
