import { X509Certificate } from 'node:crypto'
import { whyRefused } from '#certs/bundle.ts'
import type { Configuration } from '#certs/configuration.ts'
import { fingerprintOf } from '#certs/facts.ts'
import type { Held } from '#certs/held.ts'
import type { CertificateStatus } from '#certs/status.ts'
import type { Finding } from '#cli/check/check.ts'
import type { CheckResult } from '#cli/check/run-checks.ts'
import type { ServedBy } from './served-by.ts'

/** What the checks judge. */
export interface CertificateFacts {
  readonly status: CertificateStatus
  readonly held: Held
  readonly configuration: Configuration | undefined
  readonly served: readonly ServedBy[]
  /** Names that the certificate must have. */
  readonly names: readonly string[]
  /** `Secret nsm-system/nsm-webhook-certs`. */
  readonly secret: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Days that an authority should have left when nobody renews it by itself. */
const enoughDays = 60

/** Judges a certificate, who trusts it, and who serves it. */
export function judgeCertificates(facts: CertificateFacts): readonly CheckResult[] {
  return [
    {
      id: 'secret',
      what: 'the Secret holds a certificate that is valid now',
      findings: secretFindings(facts),
    },
    {
      id: 'bundle',
      what: 'every entry of the webhook configuration accepts it',
      findings: bundleFindings(facts),
    },
    {
      id: 'authority',
      what: 'the authority lives long enough, or is renewed by itself',
      findings: authorityFindings(facts),
    },
    { id: 'replicas', what: 'every replica serves it', findings: replicaFindings(facts) },
    {
      id: 'served',
      what: 'the API servers accept what the endpoints serve',
      findings: servedFindings(facts),
    },
  ]
}

function secretFindings({ status: { leaf }, names, secret }: CertificateFacts): readonly Finding[] {
  const remedy = 'nsm certs init'
  if (leaf === undefined)
    return [{ severity: 'error', object: secret, finding: 'holds no certificate', remedy }]
  if (leaf.authority === undefined)
    return [{ severity: 'error', object: secret, finding: 'its certificate is not of its authority', remedy }]
  const missing = names.filter(name => !leaf.names.includes(name))
  if (leaf.daysLeft < 0)
    return [
      {
        severity: 'error',
        object: secret,
        finding: `its certificate is over since ${leaf.notAfter}`,
        remedy,
      },
    ]
  return missing.map(name => ({
    severity: 'error',
    object: secret,
    finding: `its certificate is not for ${name}, by which the API server calls the webhook`,
    remedy: 'restart the webhook, or make a new certificate for this name',
  }))
}

function bundleFindings({ status }: CertificateFacts): readonly Finding[] {
  const { configuration } = status
  if (configuration === undefined)
    return [
      {
        severity: 'error',
        object: 'MutatingWebhookConfiguration',
        finding: 'does not exist, so nothing is injected',
        remedy: 'nsm install',
      },
    ]
  return configuration.entries.flatMap(({ name, refuses }) =>
    refuses === ''
      ? []
      : [
          {
            severity: 'error',
            object: `MutatingWebhookConfiguration ${configuration.name}, entry ${name}`,
            finding: refuses,
            remedy:
              configuration.foreign === ''
                ? 'nsm certs init publishes the authority; a running webhook does within a minute'
                : `who keeps its caBundle must put the authority there: ${configuration.foreign}`,
          } as const,
        ],
  )
}

/** Replicas that live renew it by themselves; nobody renews what a user put there. */
function authorityFindings({ status, secret }: CertificateFacts): readonly Finding[] {
  const signer = status.authorities[0]
  const renewed = signer?.role === 'signs' && status.replicas.some(({ state }) => state === 'alive')
  if (signer === undefined || renewed || signer.daysLeft >= enoughDays) return []
  return [
    {
      severity: 'warning',
      object: secret,
      finding: `its authority ends in ${signer.daysLeft} days, and nobody renews it`,
      remedy:
        'start the webhook with NSM_WEBHOOK_CERTIFICATE=self, or put a new authority and certificate there',
    },
  ]
}

function replicaFindings({ status: { replicas } }: CertificateFacts): readonly Finding[] {
  return replicas.flatMap(({ name, serves, state, seen }): readonly Finding[] => {
    if (state === 'silent')
      return [
        {
          severity: 'note',
          object: `Pod ${name}`,
          finding: `has said nothing since ${seen}; it is not waited for`,
          remedy: 'nothing; it was probably killed',
        },
      ]
    if (serves !== 'old authority') return []
    return [
      {
        severity: 'warning',
        object: `Pod ${name}`,
        finding: 'serves a certificate of the old authority; a rotation waits for it',
        remedy: `kubectl delete pod ${name} when its log says nothing new for minutes`,
      },
    ]
  })
}

function servedFindings({
  served,
  configuration,
  status: { leaf },
  now,
}: CertificateFacts): readonly Finding[] {
  return served.flatMap(({ address, certificate }): readonly Finding[] => {
    const object = `endpoint ${address}`
    if (certificate === undefined)
      return [
        {
          severity: 'note',
          object,
          finding: 'cannot be reached from here, so what it serves is not known',
          remedy: 'run this where pods can be reached to know',
        },
      ]
    const refusals = (configuration?.entries ?? []).map(({ bundle }) => whyRefused(certificate, bundle, now))
    const refusal = refusals.find(why => why !== undefined)
    if (refusal !== undefined)
      return [
        {
          severity: 'error',
          object,
          finding: `serves a certificate that the API server refuses: ${refusal}`,
          remedy: 'delete its pod; nsm certs show tells which replica lags behind',
        },
      ]
    if (leaf === undefined || fingerprintOf(new X509Certificate(certificate)) === leaf.fingerprint) return []
    return [
      {
        severity: 'note',
        object,
        finding: 'serves another certificate than the Secret holds, which the API server accepts',
        remedy: 'nothing, when it is gone within a minute',
      },
    ]
  })
}
