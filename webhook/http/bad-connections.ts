import type { Server } from 'node:https'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Log } from '#sdk/log.ts'
import type { Metrics, Rejection } from '#webhook/metrics/metrics.ts'

/** What a client is told whose bytes are no HTTP. */
const answers: Readonly<Record<string, readonly [status: string, rejection: Rejection]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'timeout'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'bad_http'],
}

/** Who is told, and how long a connection may be idle. */
interface BadConnections {
  readonly log: Log
  readonly metrics: Metrics
  readonly keepAliveMs: number
}

/**
 * Answers, counts and logs what never becomes a request: failed handshakes (an API server that does not trust the
 * certificate is one of them), headers that are too large, too slow or no HTTP.
 */
export function handleBadConnections(server: Server, { log, metrics, keepAliveMs }: BadConnections): void {
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    // Who connects and leaves, as a load balancer does to see whether the port is open, is no news.
    if (error.code === 'ECONNRESET') return
    metrics.rejected('bad_tls')
    log.warn({ reason: error.code ?? error.message }, 'a TLS handshake failed')
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket instanceof TLSSocket && socket.bytesRead === 0) {
      // Go opens connections that it uses later. Cutting one just then would fail a request: it is as good as idle.
      socket.setTimeout(keepAliveMs)
      return
    }
    // A client that leaves in the middle of a request is noted as cancelled by who reads the request.
    const gone = ['ECONNRESET', 'HPE_INVALID_EOF_STATE'].includes(error.code ?? '') || !socket.writable
    if (!gone) {
      const [status, rejection] = answers[error.code ?? ''] ?? ['400 Bad Request', 'bad_http']
      metrics.rejected(rejection)
      log.warn({ reason: error.code ?? error.message }, rejection)
      socket.write(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
    }
    socket.destroy()
  })
}
