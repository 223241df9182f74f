import { readFile } from 'node:fs/promises'
import { makeFiles } from '#certs/make-files.ts'
import { order } from '#certs/order.ts'
import { decode } from '#certs/secret.ts'
import { readSecret } from '#certs/shared-secret.ts'
import { watchSecret } from '#certs/watch-secret.ts'
import type { KubeApi } from '#kube/api.ts'
import { optionalObjectAt } from '#kube/shape.ts'
import { followFiles } from '#runtime/follow-files.ts'
import { NsmError } from '#sdk/errors.ts'
import { type ExternalSource, openExternal } from './external.ts'
import { checkKeyPair, readKeyPair } from './key-pair.ts'
import type { Certificate, CertificateOptions } from './options.ts'
import { openReplica } from './replica.ts'

const injected = 'annotate the configuration with cert-manager.io/inject-ca-from'

/**
 * Opens the certificate that is served, calls `use` with it and with each that follows, and keeps it up to date until the
 * signal aborts or it is disposed of. Dispose of it after the last request: only then do other replicas cease to wait
 * for this one. Throws BAD_CONFIG when a file is missing, and the signal's reason when it aborts before there is one.
 */
export async function openCertificate(
  options: CertificateOptions,
  signal: AbortSignal,
): Promise<Certificate> {
  switch (options.source) {
    case 'files':
      if (options.names.length > 0) await makeFiles(options.files, options.names, options.make ?? order)
      return openExternal(files(options), options, signal)
    case 'secret':
      return openExternal(secret({ ...options, api: apiOf(options) }), options, signal)
    case 'self':
      break
  }
  return openReplica({ ...options, api: apiOf(options) }, signal)
}

function files({ files: pair, bundleFile, log }: CertificateOptions): ExternalSource {
  const bundle = bundleFile === '' ? [] : [bundleFile]
  return {
    name: pair.certificate,
    remedy: `name a file of authorities with NSM_CA_FILE_PATH, or ${injected}`,
    atFirst: 'fail',
    async read() {
      const keyPair = await readKeyPair(pair)
      return { keyPair, authorities: bundleFile === '' ? undefined : await readFile(bundleFile, 'utf8') }
    },
    follow: (changed, signal) =>
      followFiles([pair.certificate, pair.key, ...bundle], changed, { signal, log }),
  }
}

function secret(options: CertificateOptions & { readonly api: KubeApi }): ExternalSource {
  const place = { api: options.api, namespace: options.namespace, name: options.secret }
  return {
    name: `Secret ${place.namespace}/${place.name}`,
    remedy: `put authorities as ca.crt into Secret ${place.namespace}/${place.name}, or ${injected}`,
    atFirst: 'retry',
    async read(signal) {
      const data = optionalObjectAt((await readSecret(place, signal))['data'], 'Secret /data')
      const keyPair = { cert: decode(data['tls.crt']), key: decode(data['tls.key']) }
      try {
        checkKeyPair(keyPair)
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new NsmError(
          'BAD_CONFIG',
          `Secret ${place.namespace}/${place.name}: tls.crt and tls.key cannot be served: ${why}; put a certificate for ${options.names.join(', ')} there`,
          { cause },
        )
      }
      const authorities = decode(data['ca.crt'])
      return { keyPair, authorities: authorities.trim() === '' ? undefined : authorities }
    },
    follow: (changed, signal) => watchSecret(place, changed, { signal, log: options.log }),
  }
}

function apiOf({ api, source }: CertificateOptions): KubeApi {
  if (api !== undefined) return api
  throw new NsmError(
    'BAD_CONFIG',
    `certificate source ${source}: it needs an API server and none is known; run in a cluster, say with NSM_WEBHOOK_KUBECONFIG where it is, or set NSM_WEBHOOK_CERTIFICATE=files`,
  )
}
