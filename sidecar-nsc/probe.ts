import { once } from 'node:events'
import { createServer } from 'node:http'
import { NsmError } from '#sdk/errors.ts'

/** Tells kubelet, and a hook that waits, whether the pod is connected. */
export interface Probe extends AsyncDisposable {
  /** From now on the pod is connected. */
  ready(): void
}

/**
 * Serves `GET /readyz` (200 when connected, 503 before) and `GET /wait` (answers when connected) on a port of the pod;
 * port 0 serves nothing. It tells nothing else to whoever asks. Throws BAD_CONFIG when the port is taken.
 */
export async function serveProbe(port: number): Promise<Probe> {
  const connected = Promise.withResolvers<void>()
  let isReady = false
  const ready = () => {
    isReady = true
    connected.resolve()
  }
  if (port === 0) return { ready, [Symbol.asyncDispose]: () => Promise.resolve() }
  const server = createServer((request, response) => {
    const answer = (status: number) => response.writeHead(status).end()
    if (request.url === '/readyz') answer(isReady ? 200 : 503)
    else if (request.url === '/wait') void connected.promise.then(() => answer(200))
    else answer(404)
  })
  try {
    server.listen(port)
    await once(server, 'listening')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError(
      'BAD_CONFIG',
      `NSM_PROBE_PORT=${port}: ${why}; choose a port that is free in the pod`,
      { cause },
    )
  }
  return {
    ready,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
