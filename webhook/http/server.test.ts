import { createGzip } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { silent } from '#sdk/log.ts'
import { ask, goldenCases, settings } from '#webhook/golden.contract.ts'
import { review } from '#webhook/review.ts'
import { type Answer, type Sent, send } from './https.contract.ts'
import { newServer, type WebhookServer } from './server.ts'

let server: WebhookServer
let ca: string
let url: string
let ready = true

beforeAll(async () => {
  const authority = await makeAuthority('test')
  const leaf = await issue(authority, { ips: ['127.0.0.1'], usage: 'server' })
  ca = authority.certificate
  server = newServer({
    keyPair: { cert: leaf.certificate, key: leaf.key },
    settings,
    log: silent,
    isReady: () => ready,
  })
  url = await server.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  await server.close()
})

describe('POST /mutate', () => {
  it.each(goldenCases())('gives over HTTPS what review() gives, for $name', async ({ question }) => {
    const answer = await post({ body: JSON.stringify({ ...question, kind: 'AdmissionReview' }) })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toEqual(structuredClone(review(question, settings)))
  })

  it.each([
    { name: 'no body', body: '', status: 400, says: /body/i },
    { name: 'text that is not JSON', body: '{', status: 400, says: /not JSON/ },
    {
      name: 'another object',
      body: '{"kind":"Pod"}',
      status: 400,
      says: /expected AdmissionReview of admission.k8s.io\/v1 or/,
    },
    { name: 'a list', body: '[]', status: 400, says: /AdmissionReview is a list/ },
    {
      name: 'a version that is unknown',
      body: '{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview"}',
      status: 400,
      says: /v2/,
    },
    {
      name: 'no request',
      body: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}',
      status: 400,
      says: /request is missing/,
    },
    {
      name: 'no uid',
      body: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}',
      status: 400,
      says: /uid/,
    },
    { name: 'more than 4 MiB', body: `"${'x'.repeat(4 * 1024 * 1024)}"`, status: 413, says: /too large/i },
  ])('answers $status to $name', async ({ body, status, says }) => {
    const answer = await post({ body })
    expect(answer.status).toBe(status)
    expect(answer.body).toMatch(says)
  })

  it('answers 413 to more than 4 MiB that come in chunks', async () => {
    const chunks = Array.from({ length: 80 }, () => 'x'.repeat(64 * 1024))
    expect(await post({ chunks })).toMatchObject({ status: 413 })
  })

  it.each(['text/plain', 'application/yaml', 'application/json-patch+json', 'application/jsonfoo'])(
    'answers 415 to %s',
    async type => {
      expect(await post({ body: '{}', headers: { 'content-type': type } })).toMatchObject({ status: 415 })
    },
  )

  it('answers 415 to a compressed body', async () => {
    const zip = createGzip()
    zip.end('{}')
    const body = Buffer.concat(await zip.toArray())
    expect(await post({ body, headers: { 'content-encoding': 'gzip' } })).toMatchObject({ status: 415 })
  })

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('answers 405 to %s', async method => {
    expect(await post({ method, body: '' })).toMatchObject({ status: 405, allow: 'POST' })
  })

  it('takes names of prototypes for what they are: names', async () => {
    const body =
      '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","kind":{"kind":"Pod"},"object":{"__proto__":{"spec":{}},"metadata":{"annotations":{"__proto__":"a","constructor":"b"}},"spec":{}}}}'
    expect(await post({ body })).toMatchObject({ status: 200 })
    expect(Object.hasOwn(Object.prototype, 'spec')).toBe(false)
  })

  it('answers 500, without details, when the defect is ours', async () => {
    const broken = {
      ...settings,
      get ignoredNamespaces(): readonly string[] {
        throw new TypeError('secret detail')
      },
    }
    const faulty = newServer({
      keyPair: { cert: '', key: '' },
      settings: broken,
      log: silent,
      isReady: () => true,
    })
    const question = ask({
      kind: 'Pod',
      metadata: { namespace: 'default', annotations: { 'ns.networkservicemesh.io': 'a' } },
      spec: {},
    })
    const answer = await faulty.inject({
      method: 'POST',
      url: '/mutate',
      payload: { ...question, kind: 'AdmissionReview' },
    })
    expect(answer.statusCode).toBe(500)
    expect(answer.body).toBe('the webhook failed; its log says why\n')
  })
})

describe('GET', () => {
  it.each([
    { path: '/healthz', status: 200 },
    { path: '/readyz', status: 200 },
    { path: '/else', status: 404 },
  ])('$path answers $status', async ({ path, status }) => {
    expect(await post({ method: 'GET', path, body: '' })).toMatchObject({ status })
  })

  it('/readyz answers 503 while the certificate is not valid', async () => {
    ready = false
    expect(await post({ method: 'GET', path: '/readyz', body: '' })).toMatchObject({ status: 503 })
    ready = true
  })
})

function post(sent: Partial<Sent> & { readonly path?: string }): Promise<Answer> {
  return send({ url: new URL(sent.path ?? '/mutate', url), ca, ...sent })
}
