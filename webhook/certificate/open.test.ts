import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { make } from '#certs/make.ts'
import type { CertificateAndKey } from '#certs/pem.ts'
import { type FakeApi, fakeApi } from '#kube/fake-api.ts'
import { NsmError } from '#sdk/errors.ts'
import {
  applyManifests,
  bundlesIn,
  certificateOptions,
  injectBundle,
  patchSecret,
  refusals,
} from './fixture.ts'
import type { KeyPair } from './key-pair.ts'
import { swapSecret } from './mounted-secret.fixture.ts'
import { openCertificate } from './open.ts'
import type { Certificate, CertificateOptions } from './options.ts'

const year = 365 * 24 * 3_600_000
const patient = { timeout: 10_000, interval: 10 }
const { signal } = new AbortController()
let folder: string
let api: FakeApi
let certificate: Certificate | undefined
let used: KeyPair[]
let warnings: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsm-certificate-'))
  api = fakeApi()
  used = []
  warnings = []
})

afterEach(async () => {
  await certificate?.[Symbol.asyncDispose]()
  certificate = undefined
  await rm(folder, { recursive: true, force: true })
})

describe('a certificate from files', () => {
  it('is read again when kubelet swaps the Secret, and stays while the new one is broken', async () => {
    const first = await made('first.test')
    await swap('1', first.leaf)
    await openAlone({ source: 'files' })
    expect(names()).toEqual(['first.test'])
    await swap('2', { certificate: 'half', key: 'half' })
    await vi.waitFor(
      () => expect(warnings).toContain('the new certificate is not usable; the old one stays'),
      patient,
    )
    expect(certificate?.readyReason()).toBeUndefined()
    await swap('3', (await made('second.test')).leaf)
    await vi.waitFor(() => expect(names()).toEqual(['first.test', 'second.test']), patient)
  })

  it('is made once when the file is missing, with its authority beside it, and nobody else may read its key', async () => {
    await open({ source: 'files', names: ['webhook.test', '127.0.0.1'], make })
    const [pair] = used
    const authority = new X509Certificate(await readFile(join(folder, 'ca.crt')))
    expect(new X509Certificate(pair?.cert ?? '').checkIssued(authority)).toBe(true)
    expect((await stat(join(folder, 'tls.key'))).mode & 0o777).toBe(0o600)
    await certificate?.[Symbol.asyncDispose]()
    await open({ source: 'files', names: ['other.test'] })
    expect(used[1]).toEqual(pair)
  })

  it('that is there is left alone', async () => {
    await swap('1', (await made('first.test')).leaf)
    await open({ source: 'files', names: ['other.test'] })
    expect(existsSync(join(folder, 'ca.crt'))).toBe(false)
  })

  it('that is missing is BAD_CONFIG that says what to do', async () => {
    await expect(open({ source: 'files' })).rejects.toThrow(/tls\.crt.*mount the Secret/)
  })

  it('with the key of another is BAD_CONFIG', async () => {
    const [one, other] = await Promise.all([made('one.test'), made('other.test')])
    await swap('1', { ...one.leaf, key: other.leaf.key })
    await expect(open({ source: 'files' })).rejects.toThrow('not the certificate’s')
  })

  it('is not ready when it is over', async () => {
    await swap('1', (await made('old.test', Date.now() - 2 * year)).leaf)
    await open({ source: 'files' })
    expect(certificate?.readyReason()).toMatch(/not valid since/)
  })

  it('publishes its authorities when it is told to', async () => {
    const { leaf, authority } = await made('first.test')
    await swap('1', leaf)
    await writeFile(join(folder, 'bundle.crt'), authority.certificate)
    await applyManifests(api)
    await open({ source: 'files', bundleFile: join(folder, 'bundle.crt') })
    await vi.waitFor(() => expect(certificate?.readyReason()).toBeUndefined(), patient)
    expect(await bundlesIn(api)).toEqual([authority.certificate, authority.certificate])
  })
})

describe('a certificate from files in a cluster whose caBundle others keep', () => {
  it('is not ready while the webhook configuration does not exist', async () => {
    await swap('1', (await made('first.test')).leaf)
    await open({ source: 'files' })
    await untilReason(/MutatingWebhookConfiguration nsm-webhook does not exist; .*NSM_WEBHOOK_CONFIGURATION/)
  })

  it('is not ready while caBundle is empty, and says what to do', async () => {
    await applyManifests(api)
    await swap('1', (await made('first.test')).leaf)
    await open({ source: 'files' })
    await untilReason(/clientConfig\.caBundle is empty.*NSM_CA_FILE_PATH.*cert-manager\.io\/inject-ca-from/)
    expect(await bundlesIn(api)).toEqual(['', ''])
  })

  it('is ready as long as caBundle verifies it, and never writes there', async () => {
    const [{ leaf, authority }, other] = await Promise.all([made('first.test'), made('other.test')])
    await applyManifests(api)
    await injectBundle(api, other.authority.certificate)
    await swap('1', leaf)
    const patched: string[] = []
    await open({ source: 'files', onPatched: result => patched.push(result) })
    await untilReason(/does not trust the authority that signed the certificate/)
    await injectBundle(api, authority.certificate)
    await untilReason(undefined)
    await injectBundle(api, other.authority.certificate)
    await untilReason(/does not trust/)
    expect(patched).toEqual([])
    expect(warnings).toEqual([])
  })

  it('says that the configuration could not be read, which is no attempt to publish', async () => {
    await swap('1', (await made('first.test')).leaf)
    const patched: string[] = []
    api.intercept(() => {
      throw new NsmError('DENIED', 'not allowed')
    })
    await open({ source: 'files', onPatched: result => patched.push(result) })
    await vi.waitFor(
      () => expect(warnings).toContain('reading the webhook configuration failed; it is tried again'),
      patient,
    )
    expect(certificate?.readyReason()).toMatch(/nsm-webhook has not been read yet/)
    expect(patched).toEqual([])
  })

  it('waits with a new certificate until caBundle verifies it', async () => {
    const [first, second] = await Promise.all([made('first.test'), made('second.test')])
    await applyManifests(api)
    await injectBundle(api, first.authority.certificate)
    await swap('1', first.leaf)
    // Looks often, so that what it does not do is not for want of a look.
    await open({ source: 'files', everyMs: 5 })
    await untilReason(undefined)
    await swap('2', second.leaf)
    const reads = api.calls.length
    await vi.waitFor(() => expect(api.calls.length).toBeGreaterThan(reads + 5), patient)
    expect(names()).toEqual(['first.test'])
    await injectBundle(api, first.authority.certificate + second.authority.certificate)
    await vi.waitFor(() => expect(names()).toEqual(['first.test', 'second.test']), patient)
    expect(certificate?.readyReason()).toBeUndefined()
  })
})

describe('a certificate from the user’s Secret', () => {
  it('is awaited, served and followed; its authorities are published before the first certificate of theirs is served', async () => {
    await applyManifests(api)
    const opening = open({ source: 'secret' })
    const first = await made('first.test')
    await put(first)
    await opening
    await vi.waitFor(() => expect(certificate?.readyReason()).toBeUndefined(), patient)
    const second = await made('second.test')
    await put(second)
    await vi.waitFor(async () => {
      expect(await refusals(api, [certificate as Certificate])).toEqual([])
      expect(names()).toEqual(['first.test', 'second.test'])
    }, patient)
    // The old one stays trusted for a while: other replicas may still serve it.
    expect((await bundlesIn(api))[0]).toContain(first.authority.certificate.trim())
  })

  it('is never written', async () => {
    await applyManifests(api)
    await put(await made('first.test'))
    await open({ source: 'secret' })
    await vi.waitFor(() => expect(certificate?.readyReason()).toBeUndefined(), patient)
    await certificate?.[Symbol.asyncDispose]()
    const writes = api.calls.filter(call => call.method !== 'GET' && call.path.includes('/secrets/'))
    expect(writes.map(call => call.body)).toEqual([expect.objectContaining({ data: expect.anything() })])
  })

  it('without ca.crt leaves the webhook configuration alone', async () => {
    await applyManifests(api)
    const { leaf } = await made('first.test')
    await patchSecret(api, { data: { 'tls.crt': base64(leaf.certificate), 'tls.key': base64(leaf.key) } })
    await open({ source: 'secret' })
    await untilReason(
      /caBundle is empty.*put authorities as ca\.crt into Secret nsm-system\/nsm-webhook-certs/,
    )
    expect(await bundlesIn(api)).toEqual(['', ''])
  })

  it('has its ca.crt published when that is added later', async () => {
    await applyManifests(api)
    const { leaf, authority } = await made('first.test')
    await patchSecret(api, { data: { 'tls.crt': base64(leaf.certificate), 'tls.key': base64(leaf.key) } })
    await open({ source: 'secret' })
    await untilReason(/caBundle is empty/)
    await patchSecret(api, { data: { 'ca.crt': base64(authority.certificate) } })
    await untilReason(undefined)
    expect((await bundlesIn(api)).map(bundle => bundle.trim())).toEqual([
      authority.certificate.trim(),
      authority.certificate.trim(),
    ])
  })
})

describe('a certificate that needs an API server', () => {
  it.each(['self', 'secret'] as const)(
    'with the source %s is BAD_CONFIG without one, which says what to do',
    async source => {
      await expect(openAlone({ source })).rejects.toMatchObject({
        code: 'BAD_CONFIG',
        message: expect.stringMatching(
          /run in a cluster.*NSM_WEBHOOK_KUBECONFIG.*NSM_WEBHOOK_CERTIFICATE=files/,
        ),
      })
    },
  )
})

function open(options: Partial<CertificateOptions>): Promise<void> {
  return openWith(api, options)
}

/** On a machine without Kubernetes. */
function openAlone(options: Partial<CertificateOptions>): Promise<void> {
  return openWith(undefined, options)
}

async function openWith(from: FakeApi | undefined, options: Partial<CertificateOptions>): Promise<void> {
  const warn = (_: object, message: string) => warnings.push(message)
  certificate = await openCertificate(
    certificateOptions(from, {
      files: { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') },
      names: [],
      everyMs: 60_000,
      use: pair => used.push(pair),
      log: { debug: () => {}, info: () => {}, warn, error: warn },
      ...options,
    }),
    signal,
  )
}

function untilReason(reason: RegExp | undefined): Promise<void> {
  return vi.waitFor(() => {
    const now = certificate?.readyReason()
    if (reason === undefined) expect(now).toBeUndefined()
    else expect(now).toMatch(reason)
  }, patient)
}

function names(): readonly string[] {
  return used.map(({ cert }) => new X509Certificate(cert).subject.replace('CN=', ''))
}

async function made(name: string, now = Date.now()) {
  const { authority, leaf } = await make({
    authority: { lifeMs: year },
    leaf: { lifeMs: year, names: [name] },
    now,
  })
  if (authority === undefined || leaf === undefined) throw new Error('nothing was made')
  return { authority, leaf }
}

async function put({ authority, leaf }: Awaited<ReturnType<typeof made>>): Promise<void> {
  const data = { 'ca.crt': authority.certificate, 'tls.crt': leaf.certificate, 'tls.key': leaf.key }
  await patchSecret(api, {
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
  })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** Mounts a Secret with this certificate. */
async function swap(version: string, leaf: CertificateAndKey): Promise<void> {
  await mkdir(join(folder, version))
  await writeFile(join(folder, version, 'tls.crt'), leaf.certificate)
  await writeFile(join(folder, version, 'tls.key'), leaf.key)
  await swapSecret(folder, version)
}
