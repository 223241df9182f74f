import { X509Certificate } from 'node:crypto'
import type { Check, Finding } from './check.ts'
import type { Configuration, Secret, WebhookEntry } from './objects.ts'

/** What the certificate is judged by. */
interface Question {
  readonly configuration: Configuration | undefined
  readonly secret: Secret | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Whether the API server can verify the webhook. */
export const webhookCertificate: Check = {
  id: 'webhook-certificate',
  what: 'the bundle of each entry verifies the certificate of the webhook',
  find: async facts => {
    const [configuration, secret] = await Promise.all([facts.configuration(), facts.secret()])
    return judgeCertificate({ configuration, secret, now: Date.now() })
  },
}

/** Judges the bundles and the certificate. */
export function judgeCertificate({ configuration, secret, now }: Question): readonly Finding[] {
  const leaf = firstCertificate(secret?.data?.['tls.crt'])
  return (configuration?.webhooks ?? []).flatMap(entry => {
    const service = entry.clientConfig?.service
    if (service === undefined || service === null) return []
    const bundle = readBundle(entry)
    if (bundle.length === 0) return finding(entry, 'has no caBundle: the API server trusts no webhook')
    if (leaf === undefined) return []
    const host = `${service.name ?? ''}.${service.namespace ?? ''}.svc`
    const why = whyUnverified({ leaf, bundle, now, host })
    return why === undefined ? [] : finding(entry, why)
  })
}

function finding(entry: WebhookEntry, text: string): readonly Finding[] {
  return [
    {
      severity: 'error',
      object: `MutatingWebhookConfiguration nsm-webhook, entry ${entry.name ?? ''}`,
      finding: text,
      remedy: 'nsm certs check tells more; the webhook heals what is its own within a minute',
    },
  ]
}

function whyUnverified(question: {
  readonly leaf: X509Certificate
  readonly bundle: readonly X509Certificate[]
  readonly now: number
  readonly host: string
}): string | undefined {
  const { leaf, bundle, now, host } = question
  const until = `${leaf.validFrom} to ${leaf.validTo}`
  if (now < Date.parse(leaf.validFrom) || now > Date.parse(leaf.validTo))
    return `the certificate of the webhook is not valid now, but from ${until}`
  if (leaf.checkHost(host) === undefined) return `the certificate of the webhook is not for ${host}`
  const signs = (ca: X509Certificate) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey)
  return bundle.some(signs)
    ? undefined
    : 'its caBundle does not verify the certificate that the webhook serves'
}

function readBundle(entry: WebhookEntry): readonly X509Certificate[] {
  return certificates(entry.clientConfig?.caBundle)
}

function firstCertificate(encoded: string | undefined): X509Certificate | undefined {
  return certificates(encoded)[0]
}

/** What cannot be read verifies nothing. */
function certificates(encoded = ''): readonly X509Certificate[] {
  const pem = Buffer.from(encoded, 'base64').toString('latin1')
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap(text => {
    try {
      return [new X509Certificate(text)]
    } catch {
      return []
    }
  })
}
