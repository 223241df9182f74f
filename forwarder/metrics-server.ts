import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type Metric, metricsText } from '#runtime/metrics-text.ts'
import { NsmError } from '#sdk/errors.ts'
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
): Promise<AsyncDisposable & { readonly port: number }> {
  // Only here: a forwarder without metrics need not hold it in memory.
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => {
    request.resume()
    if (request.method === 'GET' && request.url === '/metrics') void answer(response, read, log)
    else if (request.method === 'GET' && request.url === '/healthz') response.writeHead(200).end('lives\n')
    else response.writeHead(404).end('metrics are at /metrics\n')
  })
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new NsmError(
      'BAD_CONFIG',
      `NSM_METRICS_ADDRESS: cannot listen on ${host}:${port}: ${NsmError.from(cause).message}`,
      { cause },
    )
  }
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  response: ServerResponse,
  read: (signal: AbortSignal) => Promise<readonly Metric[]>,
  log: Log,
): Promise<void> {
  try {
    const text = metricsText(await read(AbortSignal.timeout(readMs)))
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text)
  } catch (err) {
    log.warn({ err }, 'reading the metrics failed')
    response.writeHead(500).end('reading the metrics failed; the log says why\n')
  }
}
