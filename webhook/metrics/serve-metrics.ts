import { once } from 'node:events'
import { listen } from '#webhook/http/listen.ts'
import type { ListenAddress } from '#webhook/http/listen-address.ts'
import type { Metrics } from './metrics.ts'

// Not imported: an import of node:http evaluates all its exports, and so loads undici, 10 MiB that are not needed.
const { createServer } = process.getBuiltinModule('node:http')

/** A listener for Prometheus; disposing closes it. */
export interface MetricsServer extends AsyncDisposable {
  /** Where it listens, as `http://host:port`. */
  readonly url: string
}

/**
 * Serves `GET /metrics` over plain HTTP on an address of its own, so that a NetworkPolicy can tell Prometheus from the
 * API server. Throws BAD_CONFIG when the address cannot be had.
 */
export async function serveMetrics(metrics: Metrics, address: ListenAddress): Promise<MetricsServer> {
  const server = createServer({ headersTimeout: 2_000, requestTimeout: 2_000 }, (request, response) => {
    request.resume()
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end('GET /metrics\n')
      return
    }
    if (request.method !== 'GET') {
      response.writeHead(405, { allow: 'GET' }).end()
      return
    }
    metrics.print().then(
      ({ contentType, text }) => response.writeHead(200, { 'content-type': contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  server.maxConnections = 64
  const url = `http://${await listen(server, { address, variable: 'NSM_WEBHOOK_METRICS_LISTEN' })}`
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}
