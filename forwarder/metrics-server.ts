import type { Metric } from '#runtime/metrics-text.ts'
import { alive, metricsPage } from '#runtime/pages.ts'
import { type HttpServer, serveHttp } from '#runtime/serve-http.ts'
import type { Log } from '#sdk/log.ts'

/** Where to listen; port 0 asks the kernel for a free one. */
export interface MetricsAddress {
  readonly host: string
  readonly port: number
}

/** Milliseconds that reading all counters may take. */
const readMs = 10_000

/** Answers `GET /metrics`, and `GET /healthz` for whoever asks whether it lives, until disposed. Throws BAD_CONFIG when the address cannot be listened on. */
export async function serveMetrics(
  { host, port }: MetricsAddress,
  read: (signal: AbortSignal) => Promise<readonly Metric[]>,
  log: Log,
): Promise<HttpServer> {
  const metrics = metricsPage(() => read(AbortSignal.timeout(readMs)))
  const setting = `NSM_METRICS_ADDRESS=${host.includes(':') ? `[${host}]` : host}:${port}`
  return await serveHttp(
    { host, port, setting },
    {
      '/healthz': alive,
      '/metrics': async () => {
        try {
          return await metrics()
        } catch (err) {
          // The words of the kernel are for the log, not for whoever reaches the port.
          log.warn({ err }, 'reading the metrics failed')
          return { status: 500, text: 'reading the metrics failed; the log says why\n' }
        }
      },
    },
  )
}
