import type { Metric } from '#runtime/metrics-text.ts'
import { alive, metricsPage, readiness } from '#runtime/pages.ts'
import { type HttpServer, serveHttp } from '#runtime/serve-http.ts'
import type { Address } from '#sdk/rpc/types.ts'

/** What the probes tell of. */
export interface ProbesOptions {
  readonly address: Address
  /** Why pods of this node could not be connected now; undefined when they can. */
  readonly readyReason: () => string | undefined
  readonly metrics: () => Promise<readonly Metric[]>
}

/**
 * Serves `GET /healthz` (200 while the program serves), `GET /readyz` (200, or 503 with the reason) and `GET /metrics` for
 * Prometheus, over plain HTTP. Throws BAD_CONFIG when the address cannot be listened on.
 */
export async function serveProbes({ address, readyReason, metrics }: ProbesOptions): Promise<HttpServer> {
  const [, host = '', port = ''] = /^tcp:\/\/(.*):(\d+)$/.exec(address) ?? []
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return await serveHttp(
    {
      ...(bare === '' ? {} : { host: bare }),
      port: Number(port),
      setting: `NSM_METRICS_ADDRESS=${host}:${port}`,
    },
    { '/healthz': alive, '/readyz': readiness(readyReason), '/metrics': metricsPage(metrics) },
  )
}
