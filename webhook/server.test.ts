import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { createGzip } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { silent } from '#sdk/log.ts'
import { ask, goldenCases, settings } from './golden.contract.ts'
import { review } from './review.ts'
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
    const answer = await send({ body: JSON.stringify({ ...question, kind: 'AdmissionReview' }) })
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
    const answer = await send({ body })
    expect(answer).toMatchObject({ status, body: expect.stringMatching(says) as string })
  })

  it('answers 413 to more than 4 MiB that come in chunks', async () => {
    const chunks = Array.from({ length: 80 }, () => 'x'.repeat(64 * 1024))
    expect(await send({ chunks })).toMatchObject({ status: 413 })
  })

  it.each(['text/plain', 'application/yaml', 'application/json-patch+json', 'application/jsonfoo'])(
    'answers 415 to %s',
    async type => {
      expect(await send({ body: '{}', headers: { 'content-type': type } })).toMatchObject({ status: 415 })
    },
  )

  it('answers 415 to a compressed body', async () => {
    const zip = createGzip()
    zip.end('{}')
    const body = Buffer.concat(await zip.toArray())
    expect(await send({ body, headers: { 'content-encoding': 'gzip' } })).toMatchObject({ status: 415 })
  })

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('answers 405 to %s', async method => {
    expect(await send({ method, body: '' })).toMatchObject({ status: 405, allow: 'POST' })
  })

  it('takes names of prototypes for what they are: names', async () => {
    const body =
      '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","kind":{"kind":"Pod"},"object":{"__proto__":{"spec":{}},"metadata":{"annotations":{"__proto__":"a","constructor":"b"}},"spec":{}}}}'
    expect(await send({ body })).toMatchObject({ status: 200 })
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
    } as never)
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
    expect(await send({ method: 'GET', path, body: '' })).toMatchObject({ status })
  })

  it('/readyz answers 503 while the certificate is not valid', async () => {
    ready = false
    expect(await send({ method: 'GET', path: '/readyz', body: '' })).toMatchObject({ status: 503 })
    ready = true
  })
})

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly body?: string | Buffer
  readonly chunks?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

async function send({
  method = 'POST',
  path = '/mutate',
  body,
  chunks,
  headers,
}: Sent): Promise<{ status: number | undefined; allow: string | undefined; body: string }> {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const client = request(new URL(path, url), {
    method,
    ca,
    agent: false,
    headers: { 'content-type': 'application/json', ...length, ...headers },
  })
  const answered = Promise.withResolvers<Awaited<ReturnType<typeof send>>>()
  client.on('response', async response =>
    answered.resolve({
      status: response.statusCode,
      allow: response.headers.allow,
      body: await text(response),
    }),
  )
  // After its answer the server may close on a body that it does not want; before it, that is a failure.
  client.on('error', answered.reject)
  for (const chunk of chunks ?? []) client.write(chunk)
  client.end(body)
  return answered.promise
}
