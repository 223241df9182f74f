import { serveHttp } from '#runtime/serve-http.ts'
import type { ListenAddress } from '#webhook/http/listen-address.ts'
import type { Metrics } from './metrics.ts'

/** A listener for Prometheus; disposing closes it. */
export interface MetricsServer extends AsyncDisposable {
  /** Where it listens, as `http://host:port`. */
  readonly url: string
}

/**
 * Serves `GET /metrics` over plain HTTP on an address of its own, so that a NetworkPolicy can tell Prometheus from the
 * API server. Throws BAD_CONFIG when the address cannot be had.
 */
export async function serveMetrics(metrics: Metrics, { host, port }: ListenAddress): Promise<MetricsServer> {
  const name = host.includes(':') ? `[${host}]` : host
  const server = await serveHttp(
    { host, port, setting: `NSM_WEBHOOK_METRICS_LISTEN=${name}:${port}`, connections: 64 },
    {
      '/metrics': async () => {
        const { contentType: type, text } = await metrics.print()
        return { status: 200, text, type }
      },
    },
  )
  return {
    url: `http://${name}:${server.port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
