import { describe, expect, it } from 'vitest'
import { judgeTrial } from './injection.ts'
import { injectedPod } from './pods.fixture.ts'

const failed =
  'Internal error occurred: failed calling webhook "pods.networkservicemesh.io": failed to call webhook: Post "https://nsm-webhook.nsm-system.svc:443/mutate?timeout=5s":'

describe('judgeTrial()', () => {
  it('has nothing against an injected pod', () => {
    expect(judgeTrial({ made: true, pod: injectedPod({}) })).toEqual([])
  })

  it('finds that the API server went on without the webhook', () => {
    expect(judgeTrial({ made: true, pod: { spec: { containers: [{ name: 'sample' }] } } })).toMatchObject([
      { severity: 'error', finding: expect.stringContaining('accepted without the container') as string },
    ])
  })

  it.each([
    { words: `${failed} context deadline exceeded`, meaning: 'does not reach', remedy: 'firewall' },
    {
      words: `${failed} dial tcp 10.0.0.9:8443: i/o timeout`,
      meaning: 'does not reach',
      remedy: 'hostNetwork',
    },
    {
      words: `${failed} dial tcp 10.0.0.9:8443: connect: no route to host`,
      meaning: 'does not reach',
      remedy: '8443',
    },
    {
      words: `${failed} dial tcp 10.0.0.9:8443: connect: connection refused`,
      meaning: 'nothing listens',
      remedy: 'targetPort',
    },
    {
      words: `${failed} no endpoints available for service "nsm-webhook"`,
      meaning: 'no webhook to ask',
      remedy: 'webhook-endpoints',
    },
    {
      words: `${failed} service "nsm-webhook" not found`,
      meaning: 'no webhook to ask',
      remedy: 'webhook-endpoints',
    },
    {
      words: `${failed} tls: failed to verify certificate: x509: certificate signed by unknown authority`,
      meaning: 'does not trust',
      remedy: 'nsm certs check',
    },
    { words: `${failed} an error on the server ("unknown")`, meaning: 'the webhook failed', remedy: 'logs' },
    {
      words: 'admission webhook "pods.networkservicemesh.io" denied the request: annotation',
      meaning: 'of another version',
      remedy: 'same version',
    },
    {
      words: 'pods "nsm-check-x" is forbidden: violates PodSecurity "restricted:latest"',
      meaning: 'Pod Security level',
      remedy: 'pod-security',
    },
    { words: 'something new', meaning: 'refuses an annotated pod', remedy: 'without the annotation' },
  ])('says about "$words" that $meaning', ({ words, meaning, remedy }) => {
    expect(judgeTrial({ made: false, status: 500, words })).toMatchObject([
      {
        severity: 'error',
        finding: expect.stringMatching(new RegExp(`${meaning}.*: `)) as string,
        remedy: expect.stringContaining(remedy) as string,
      },
    ])
  })

  it.each([
    'pods "nsm-check-x" is forbidden: exceeded quota: small',
    'pods "nsm-check-x" is forbidden: error looking up service account blue/default: serviceaccount "default" not found',
    'namespaces "blue" not found',
    'pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "blue"',
  ])('does not blame the webhook for: %s', words => {
    expect(judgeTrial({ made: false, status: 403, words })).toMatchObject([{ severity: 'warning' }])
  })
})
