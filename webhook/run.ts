import { type Config, readConfig } from '#runtime/config.ts'
import type { Log } from '#sdk/log.ts'
import { certificateConfig, certificateOptions } from '#webhook/certificate/config.ts'
import type { KeyPair } from '#webhook/certificate/key-pair.ts'
import { openCertificate } from '#webhook/certificate/open.ts'
import { newServer, useKeyPair, type WebhookServer } from '#webhook/http/server.ts'
import type { config } from './config.ts'
import { patchSettings } from './settings.ts'

/** Serves admission reviews until the signal aborts, then finishes the requests it has. Throws BAD_CONFIG. */
export async function run(values: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  let server: WebhookServer | undefined
  const use = (keyPair: KeyPair) => {
    if (server !== undefined) useKeyPair(server, keyPair)
  }
  const options = {
    ...certificateOptions(readConfig(certificateConfig, {})),
    files: { certificate: values.certificate, key: values.key },
    names: values.ownNames,
  }
  await using certificate = await openCertificate({ ...options, log, use }, signal)
  server = newServer({
    keyPair: certificate.current(),
    settings: patchSettings(values),
    log,
    isReady: () => certificate.readyReason() === undefined,
  })
  try {
    const url = await server.listen(values.listen)
    log.info({ url, image: patchSettings(values).image }, 'listening')
    if (!signal.aborted)
      await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  } finally {
    await server.close()
  }
}
