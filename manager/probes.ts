import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type Metric, metricsText } from '#runtime/metrics-text.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Address } from '#sdk/rpc/types.ts'

// Importing from node:http loads all that it can export, undici with it: 2 MiB in every process.
const { createServer } = process.getBuiltinModule('node:http')

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
export async function serveProbes(
  options: ProbesOptions,
): Promise<AsyncDisposable & { readonly port: number }> {
  const { address } = options
  const server = createServer((request, response) => {
    request.resume()
    void answer(request.method === 'GET' ? (request.url ?? '') : '', response, options)
  })
  try {
    server.listen(placeOf(address))
    await once(server, 'listening')
  } catch (cause) {
    throw new NsmError(
      'BAD_CONFIG',
      `NSM_METRICS_ADDRESS: cannot listen on ${address}: ${NsmError.from(cause).message}`,
      { cause },
    )
  }
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  url: string,
  response: ServerResponse,
  { readyReason, metrics }: ProbesOptions,
): Promise<void> {
  if (url === '/healthz') response.writeHead(200).end('serves\n')
  else if (url === '/readyz') {
    const why = readyReason()
    response.writeHead(why === undefined ? 200 : 503).end(`${why ?? 'ready'}\n`)
  } else if (url === '/metrics') {
    const text = await metrics().then(metricsText, (thrown: unknown) => NsmError.from(thrown))
    const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
    if (typeof text === 'string') response.writeHead(200, headers).end(text)
    else response.writeHead(500).end(`${text.message}\n`)
  } else response.writeHead(404).end('/healthz, /readyz and /metrics are here\n')
}

function placeOf(address: Address): { readonly host?: string; readonly port: number } {
  const [, host = '', port = ''] = /^tcp:\/\/(.*):(\d+)$/.exec(address) ?? []
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return { ...(bare === '' ? {} : { host: bare }), port: Number(port) }
}
