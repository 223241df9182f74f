import { X509Certificate } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { bundleOf, fingerprintsOf, whyRefused } from '#certs/bundle.ts'
import { phaseOf } from '#certs/held.ts'
import { make } from '#certs/make.ts'
import { readHeld, writeHeld } from '#certs/secret.ts'
import { takeStep } from '#certs/take-step.ts'
import { type KubeApi, refusalOf } from '#kube/api.ts'
import { type FakeApi, fakeApi } from '#kube/fake-api.ts'
import { isObject } from '#kube/shape.ts'
import { silent } from '#sdk/log.ts'
import { type AuthorityOptions, SharedAuthority } from './authority.ts'

const { signal } = new AbortController()
const patient = { timeout: 20_000, interval: 10 }
const secretPath = '/api/v1/namespaces/mesh/secrets/nsm-issuer-ca'
const mapPath = '/api/v1/namespaces/mesh/configmaps/nsm-authorities'

describe('replicas of an issuer', () => {
  it('share one authority, publish it, and serve a certificate of it', async () => {
    const api = await installed()
    await using one = new SharedAuthority(options(api))
    await using other = new SharedAuthority(options(api))
    await ready(one, other)
    const { signing, trusted } = await one.current(signal)
    expect(await other.current(signal)).toEqual({ signing, trusted })
    expect(await published(api)).toBe(signing.certificate)
    expect(other.credentials().certificate).toBe(one.credentials().certificate)
    expect(new X509Certificate(one.credentials().certificate).subjectAltName).toBe('DNS:nsm-issuer.mesh.svc')
    expect(new X509Certificate(signing.certificate).subject).toMatch(/^CN=nsm mesh /)
  })

  it('change it: whoever believes what is published believes what is served, and what is signed', {
    timeout: 60_000,
  }, async () => {
    const api = await installed()
    await using one = new SharedAuthority(options(api, 1000))
    await using other = new SharedAuthority(options(api, 1000))
    await ready(one, other)
    await announce(api)
    const phases = new Set<string>()
    const signers = new Set<string>()
    await vi.waitFor(
      async () => {
        const bundle = await published(api)
        const { signing, trusted } = await one.current(signal)
        signers.add(signing.certificate)
        phases.add(phaseOf(await held(api)))
        for (const replica of [one, other])
          expect(whyRefused(replica.credentials().certificate, bundle, Date.now())).toBeUndefined()
        expect(trusted).toContain(signing.certificate)
        if (signers.size < 2 || !phases.has('stable')) throw new Error(`not yet: ${[...phases].join(', ')}`)
      },
      { ...patient, timeout: 50_000 },
    )
    expect([...phases].toSorted()).toEqual(['announced', 'stable', 'switched'])
  })

  it('go on from wherever one of them was killed', async () => {
    const api = await installed()
    let calls = 0
    for (let lives = 0; lives < 12; lives++) {
      // Each life ends at its next write or read, a little later each time.
      const last = calls + 1 + lives
      const restore = api.intercept(call => {
        calls += 1
        if (calls >= last) throw refusalOf(call, 500, { message: 'the power is gone' })
      })
      const replica = new SharedAuthority(options(api))
      await vi.waitFor(() => expect(calls).toBeGreaterThanOrEqual(last), patient)
      await replica[Symbol.asyncDispose]()
      restore()
    }
    await using replica = new SharedAuthority(options(api))
    await ready(replica)
    const { authorities } = await held(api)
    expect(authorities).toHaveLength(1)
    expect(fingerprintsOf(await published(api))).toEqual(authorities.map(({ fingerprint }) => fingerprint))
  })

  it('make another authority when the Secret is emptied, and publish what a stranger has taken away', async () => {
    const api = await installed()
    await using one = new SharedAuthority(options(api))
    await ready(one)
    const first = (await one.current(signal)).signing.certificate
    await api.call({ method: 'PATCH', path: mapPath, body: { data: { 'ca.crt': 'mine' } }, signal })
    await vi.waitFor(async () => expect(await published(api)).toBe(first), patient)
    await api.call({ method: 'PATCH', path: secretPath, body: { data: null }, signal })
    await vi.waitFor(async () => {
      const now = await published(api)
      expect(now).not.toBe(first)
      expect(now).toBe(bundleOf((await held(api)).authorities))
      expect(whyRefused(one.credentials().certificate, now, Date.now())).toBeUndefined()
    }, patient)
  })

  it.each([
    {
      what: 'the Secret',
      path: secretPath,
      words: /Secret mesh\/nsm-issuer-ca does not exist; apply the manif/,
    },
    {
      what: 'the ConfigMap',
      path: mapPath,
      words: /ConfigMap mesh\/nsm-authorities does not exist; apply the/,
    },
  ])('say what is missing, without $what', async ({ path, words }) => {
    const api = await installed()
    await api.call({ method: 'DELETE', path, signal })
    await using one = new SharedAuthority(options(api))
    await vi.waitFor(() => expect(one.readyReason()).toMatch(words), patient)
    expect(() => one.credentials()).toThrow(words)
    await expect(one.current(signal)).rejects.toMatchObject({ code: 'API_UNAVAILABLE' })
  })

  it('serve on while the API server is away, and refuse to certify with words', async () => {
    const api = await installed()
    await using one = new SharedAuthority(options(api))
    await ready(one)
    api.intercept(call => {
      throw refusalOf(call, 503, { message: 'etcd has no leader' })
    })
    await expect(one.current(signal)).rejects.toMatchObject({
      code: 'API_UNAVAILABLE',
      message: expect.stringContaining('etcd has no leader') as string,
    })
    expect(one.readyReason()).toBeUndefined()
    expect(one.credentials().certificate).toMatch(/BEGIN/)
  })
})

async function ready(...replicas: readonly SharedAuthority[]): Promise<void> {
  await vi.waitFor(
    () => expect(replicas.map(one => one.readyReason())).toEqual(replicas.map(() => undefined)),
    patient,
  )
}

/** An API server with the objects of the manifests. */
async function installed(): Promise<FakeApi> {
  const api = fakeApi()
  const post = (kind: string, name: string) =>
    api.call({
      method: 'POST',
      path: `/api/v1/namespaces/mesh/${kind}`,
      body: { metadata: { name } },
      signal,
    })
  await post('secrets', 'nsm-issuer-ca')
  await post('configmaps', 'nsm-authorities')
  return api
}

/** With `lives`, everything lives by so many milliseconds instead of days. */
function options(api: KubeApi, lives?: number): AuthorityOptions {
  const unit = lives ?? 24 * 3_600_000
  return {
    api,
    namespace: 'mesh',
    secret: 'nsm-issuer-ca',
    configMap: 'nsm-authorities',
    names: ['nsm-issuer.mesh.svc'],
    limits: {
      authorityMs: 400 * unit,
      leafMs: 200 * unit,
      certificateMs: unit,
      propagationMs: unit,
      beatMs: 3_600_000,
    },
    log: silent,
    make,
    everyMs: lives === undefined ? 100 : 20,
  }
}

/** Begins what is due after two thirds of an authority's life otherwise. */
async function announce(api: KubeApi): Promise<void> {
  const secret = await api.call({ method: 'GET', path: secretPath, signal })
  const { limits, names } = options(api, 1000)
  const after = await takeStep(readHeld(secret), 'announce', { limits, names, make })
  await api.call({ method: 'PUT', path: secretPath, body: writeHeld(secret, after), signal })
}

async function held(api: KubeApi) {
  return readHeld(await api.call({ method: 'GET', path: secretPath, signal }))
}

async function published(api: KubeApi): Promise<string> {
  const { data } = await api.call({ method: 'GET', path: mapPath, signal })
  return String(isObject(data) ? data['ca.crt'] : '')
}
