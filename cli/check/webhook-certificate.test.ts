import { beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import type { CertificateAndKey } from '#certs/pem.ts'
import { judgeCertificate } from './webhook-certificate.ts'

const day = 86_400_000

describe('judgeCertificate()', () => {
  let ours: CertificateAndKey
  let other: CertificateAndKey
  let leaf: CertificateAndKey

  beforeAll(async () => {
    ;[ours, other] = await Promise.all([makeAuthority('ours'), makeAuthority('other')])
    leaf = await issue(ours, { names: ['nsm-webhook.nsm-system.svc'], days: 30 })
  })

  function judge(bundle: string, namespace = 'nsm-system', now = Date.now()) {
    const clientConfig = { service: { name: 'nsm-webhook', namespace }, caBundle: encode(bundle) }
    return judgeCertificate({
      configuration: { webhooks: [{ name: 'pods', clientConfig }] },
      secret: { data: { 'tls.crt': encode(leaf.certificate) } },
      now,
    }).map(({ severity, finding }) => `${severity}: ${finding}`)
  }

  it('has nothing against a bundle with the authority among others', () => {
    expect(judge(`${other.certificate}\n${ours.certificate}`)).toEqual([])
  })

  it.each([
    { name: 'no bundle', found: () => judge(''), finding: 'has no caBundle' },
    { name: 'a bundle that is no PEM', found: () => judge('nonsense'), finding: 'has no caBundle' },
    { name: 'another authority', found: () => judge(other.certificate), finding: 'does not verify' },
    {
      name: 'another name',
      found: () => judge(ours.certificate, 'elsewhere'),
      finding: 'is not for nsm-webhook.elsewhere.svc',
    },
    {
      name: 'an expired certificate',
      found: () => judge(ours.certificate, 'nsm-system', Date.now() + 31 * day),
      finding: 'is not valid now',
    },
  ])('finds $name', ({ found, finding }) => {
    expect(found()).toEqual([expect.stringMatching(new RegExp(`^error: .*${finding}`))])
  })

  it('looks at the bundle alone when the Secret cannot be found', () => {
    const configuration = {
      webhooks: [{ clientConfig: { service: {}, caBundle: encode(other.certificate) } }],
    }
    expect(judgeCertificate({ configuration, secret: undefined, now: 0 })).toEqual([])
  })
})

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}
