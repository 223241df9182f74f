import type { Config } from '#runtime/config.ts'
import type { Log } from '#sdk/log.ts'
import { newServer, useKeyPair } from '#webhook/http/server.ts'
import type { config } from './config.ts'
import { isValidAt, readKeyPair } from './key-pair.ts'
import { makeKeyPairFiles } from './own-certificate.ts'
import { patchSettings } from './settings.ts'
import { watchKeyPair } from './watch-key-pair.ts'

/** Serves admission reviews until the signal aborts, then finishes the requests it has. Throws BAD_CONFIG. */
export async function run(values: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  const files = { certificate: values.certificate, key: values.key }
  if (values.ownNames.length > 0) await makeKeyPairFiles(files, values.ownNames)
  let keyPair = await readKeyPair(files)
  const server = newServer({
    keyPair,
    settings: patchSettings(values),
    log,
    isReady: () => isValidAt(keyPair, Date.now()),
  })
  const url = await server.listen(values.listen)
  log.info({ url, image: patchSettings(values).image }, 'listening')
  const use = (replacement: typeof keyPair) => {
    useKeyPair(server, replacement)
    keyPair = replacement
  }
  try {
    await watchKeyPair({ files, current: keyPair, use, log }, signal)
  } finally {
    await server.close()
  }
}
