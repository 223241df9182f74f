import { once } from 'node:events'
import { NsmError } from '#sdk/errors.ts'

// Importing from node:http loads all that it can export, undici with it: 2 MiB in every process.
const { createServer } = process.getBuiltinModule('node:http')

/**
 * Serves `GET /healthz` (200 while the program runs) and `GET /readyz` (200, or 503 with the reason) over plain HTTP; port 0
 * serves nothing. Throws BAD_CONFIG when the port is taken.
 */
export async function serveProbe(
  port: number,
  readyReason: () => string | undefined,
): Promise<AsyncDisposable> {
  if (port === 0) return { [Symbol.asyncDispose]: () => Promise.resolve() }
  const server = createServer((request, response) => {
    const why = request.url === '/readyz' ? readyReason() : undefined
    const known = request.url === '/readyz' || request.url === '/healthz'
    if (known) response.writeHead(why === undefined ? 200 : 503).end(`${why ?? 'ok'}\n`)
    else response.writeHead(404).end()
  })
  try {
    server.listen(port)
    await once(server, 'listening')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError('BAD_CONFIG', `NSM_ISSUER_PROBE_PORT=${port}: ${why}; choose a port that is free`, {
      cause,
    })
  }
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
