import { isObject } from '#kube/shape.ts'
import { fetchObject, type Target } from './apply.ts'
import { pathIn } from './discovery.ts'
import { isManifest, listAt, type Manifest, textAt } from './object.ts'

/** Where the webhook keeps its certificate. */
const secretName = 'nsm-webhook-certs'

/**
 * A webhook configuration that trusts what the live one trusts, else the authority of the webhook's Secret: an API server
 * that asks the webhook must believe it from the first moment on. Without either it stays as it is.
 */
export async function withBundle(target: Target, configuration: Manifest): Promise<Manifest> {
  const live = await fetchObject(target, pathIn(await target.discovery(configuration), configuration))
  const trusted = new Map(
    listAt(live, 'webhooks').map(entry => [textAt(entry, 'name'), textAt(entry, 'clientConfig', 'caBundle')]),
  )
  const first =
    [...trusted.values()].find(bundle => bundle !== '') ?? (await fromSecret(target, configuration))
  const webhooks = listAt(configuration, 'webhooks').map(entry => {
    const caBundle = trusted.get(textAt(entry, 'name')) || first
    const { clientConfig } = entry
    return caBundle === '' || !isObject(clientConfig)
      ? entry
      : { ...entry, clientConfig: { ...clientConfig, caBundle } }
  })
  const changed = { ...configuration, webhooks }
  return isManifest(changed) ? changed : configuration
}

async function fromSecret(target: Target, configuration: Manifest): Promise<string> {
  const [entry] = listAt(configuration, 'webhooks')
  const namespace = textAt(entry, 'clientConfig', 'service', 'namespace')
  // One that is asked by an address.
  if (namespace === '') return ''
  const secret = await fetchObject(target, `/api/v1/namespaces/${namespace}/secrets/${secretName}`)
  // Both are base64 of PEM.
  return textAt(secret, 'data', 'ca.crt')
}
