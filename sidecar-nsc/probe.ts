import { readiness } from '#runtime/pages.ts'
import { serveHttp } from '#runtime/serve-http.ts'

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
  let why: string | undefined = 'not connected yet'
  const ready = () => {
    why = undefined
    connected.resolve()
  }
  if (port === 0) return { ready, [Symbol.asyncDispose]: () => Promise.resolve() }
  const isReady = readiness(() => why)
  const server = await serveHttp(
    { port, setting: `NSM_PROBE_PORT=${port}` },
    { '/readyz': isReady, '/wait': () => connected.promise.then(isReady) },
  )
  return { ready, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
