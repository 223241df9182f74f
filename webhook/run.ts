import type { Config } from '#runtime/config.ts'
import { version } from '#runtime/version.ts'
import type { Log } from '#sdk/log.ts'
import { certificateOptions } from '#webhook/certificate/config.ts'
import type { KeyPair } from '#webhook/certificate/key-pair.ts'
import { openCertificate } from '#webhook/certificate/open.ts'
import { newServer, type WebhookServer } from '#webhook/http/server.ts'
import { newMetrics } from '#webhook/metrics/metrics.ts'
import { serveMetrics } from '#webhook/metrics/serve-metrics.ts'
import { joinCluster } from './cluster.ts'
import type { config } from './config.ts'

/**
 * Serves admission reviews until the signal aborts; then is not ready any more, serves on until everybody knows, and
 * finishes the requests it has. Throws BAD_CONFIG.
 */
export async function run(values: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  const metrics = newMetrics(version)
  let server: WebhookServer | undefined
  await using cluster = await joinCluster({ values, metrics, log }, signal)
  await using certificate = await openCertificate(
    {
      ...certificateOptions(values),
      ...(cluster.api === undefined ? {} : { api: cluster.api }),
      log,
      use: (keyPair: KeyPair) => server?.useKeyPair(keyPair),
      onPatched: result => metrics.bundlePatched(result),
    },
    signal,
  )
  await using held = new AsyncDisposableStack()
  server = held.use(
    newServer({
      ...cluster,
      keyPair: certificate.current(),
      log,
      metrics,
      readyReason: () => certificate.readyReason() ?? cluster.readyReason(),
    }),
  )
  if (values.metricsListen !== undefined) held.use(await serveMetrics(metrics, values.metricsListen))
  const url = await server.listen(values.listen)
  log.info({ url, image: cluster.settings.image }, 'listening')
  await aborted(signal)
  await server.drain(values.drain, new AbortController().signal)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
