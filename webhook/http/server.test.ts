import { Agent } from 'node:https'
import { createGzip } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { ask, goldenCases, settings } from '#webhook/golden.contract.ts'
import { review } from '#webhook/review.ts'
import { keptLog, type TestServer, testServer } from './server.contract.ts'

let served: TestServer

beforeAll(async () => {
  served = await testServer()
})

afterAll(async () => {
  await served[Symbol.asyncDispose]()
})

const annotated = ask({
  kind: 'Pod',
  metadata: {
    generateName: 'web-',
    namespace: 'default',
    annotations: { 'networkservicemesh.io': 'kernel://a' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }],
  },
  spec: { containers: [{ name: 'app' }] },
})

describe('POST', () => {
  it.each(goldenCases())('gives over HTTPS what review() gives, for $name', async ({ question, context }) => {
    const { inherited = {} } = context
    await using own = await testServer({
      settings: context.settings,
      namespaces: { annotationsOf: async () => inherited },
    })
    const path = context.inherited === undefined ? '/mutate' : '/mutate/inherited'
    const answer = await own.post({ path, body: text(question) })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toEqual(structuredClone(review(question, context).answer))
  })

  it.each(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'])(
    'answers %s in its own version, with the uid',
    async apiVersion => {
      const answer = await served.post({
        body: text({ ...annotated, apiVersion }),
        path: '/mutate?timeout=10s',
      })
      expect(answer).toMatchObject({ status: 200, type: 'application/json' })
      expect(JSON.parse(answer.body)).toMatchObject({ apiVersion, response: { uid: 'u-1', allowed: true } })
    },
  )

  it.each([
    { name: 'no body', body: '', status: 400, says: /empty/ },
    { name: 'half a body', body: text(annotated).slice(0, 200), status: 400, says: /not JSON/ },
    { name: 'text behind the body', body: `${text(annotated)}]`, status: 400, says: /unexpected "]"/ },
    { name: 'text that is not JSON', body: 'kind: AdmissionReview', status: 400, says: /not JSON/ },
    { name: 'a million lists in each other', body: '['.repeat(1_000_000), status: 400, says: /100 levels/ },
    {
      name: 'a million empty objects',
      body: `[${'{},'.repeat(1_000_000)}{}]`,
      status: 400,
      says: /500000 values/,
    },
    { name: 'another object', body: '{"kind":"Pod"}', status: 400, says: /expected AdmissionReview/ },
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
    { name: 'more than 4 MiB', body: `"${'x'.repeat(4 * 1024 * 1024)}"`, status: 413, says: /too large/ },
  ])('answers $status to $name', async ({ body, status, says }) => {
    const answer = await served.post({ body })
    expect(answer.status).toBe(status)
    expect(answer.body).toMatch(says)
  })

  it('answers 413 to more than 4 MiB that come in chunks', async () => {
    const chunks = Array.from({ length: 80 }, () => 'x'.repeat(64 * 1024))
    expect(await served.post({ chunks })).toMatchObject({ status: 413 })
  })

  it('takes a body that comes in chunks', async () => {
    const body = text(annotated)
    expect(
      await served.post({ chunks: [body.slice(0, 10), body.slice(10, 300)], body: body.slice(300) }),
    ).toMatchObject({ status: 200 })
  })

  it('takes a body just below 4 MiB', async () => {
    const body = text(annotated)
    expect(await served.post({ body: body + ' '.repeat(4 * 1024 * 1024 - body.length) })).toMatchObject({
      status: 200,
    })
  })

  it.each(['text/plain', 'application/yaml', 'application/json-patch+json', 'application/jsonfoo', ''])(
    'answers 415 to the content type "%s"',
    async type => {
      expect(await served.post({ body: text(annotated), headers: { 'content-type': type } })).toMatchObject({
        status: 415,
      })
    },
  )

  it('takes a content type with a charset', async () => {
    expect(
      await served.post({
        body: text(annotated),
        headers: { 'content-type': 'Application/JSON; charset=utf-8' },
      }),
    ).toMatchObject({ status: 200 })
  })

  it('answers 415 to a compressed body', async () => {
    const zip = createGzip()
    zip.end(text(annotated))
    const body = Buffer.concat(await zip.toArray())
    expect(await served.post({ body, headers: { 'content-encoding': 'gzip' } })).toMatchObject({
      status: 415,
    })
  })

  it.each(['__proto__', 'constructor', 'hasOwnProperty'])('takes %s for what it is: a name', async key => {
    const plain = text(
      ask({ kind: 'Pod', metadata: { namespace: 'default', annotations: { key: 'a' } }, spec: {} }),
    )
    const body = plain.replace('"spec":', `"${key}":{"spec":{}},"spec":`).replace('"key":', `"${key}":`)
    expect(await served.post({ body })).toMatchObject({ status: 200 })
    expect(Object.hasOwn(Object.prototype, 'spec')).toBe(false)
  })

  it('lets the last of equal keys win, as JSON.parse does', async () => {
    const body = text(annotated)
      .replace('"uid":"u-1"', '"uid":"u-0","uid":"u-1"')
      .replace('"networkservicemesh.io":', '"networkservicemesh.io":"kernel://b","networkservicemesh.io":')
    const answer = await served.post({ body })
    expect(JSON.parse(answer.body)).toEqual(structuredClone(review(annotated, { settings }).answer))
  })

  it('answers as many questions as come over one connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => served.post({ body: text(annotated), agent })),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    agent.destroy()
  })

  it('answers 503 while the namespace is not known, and does not have the API server ask again in place of telling', async () => {
    const unavailable = new NsmError('API_UNAVAILABLE', 'namespace default is not known yet')
    await using own = await testServer({ namespaces: { annotationsOf: () => Promise.reject(unavailable) } })
    expect(await own.post({ path: '/mutate/inherited', body: text(annotated) })).toMatchObject({
      status: 503,
      retryAfter: undefined,
      body: 'namespace default is not known yet\n',
    })
    expect(await own.post({ body: text(annotated) })).toMatchObject({ status: 200 })
    expect(await own.count('nsm_webhook_rejected_total{reason="unavailable"}')).toBe(1)
  })

  it('answers 500, without details, when the defect is ours', async () => {
    const log = keptLog()
    const broken = {
      ...settings,
      get ignoredNamespaces(): readonly string[] {
        throw new TypeError('secret detail')
      },
    }
    await using own = await testServer({ settings: broken, log })
    expect(await own.post({ body: text(annotated) })).toMatchObject({
      status: 500,
      body: 'the webhook failed; its log says why\n',
    })
    expect(log.lines).toMatchObject([{ level: 'error', fields: { uid: 'u-1', path: '/mutate' } }])
    expect(
      await own.count('nsm_webhook_requests_total{operation="CREATE",result="error",reason="defect"}'),
    ).toBe(1)
  })
})

describe('what is told', () => {
  it('is one line per answer, which says what became of what but never shows the object', async () => {
    const log = keptLog()
    const seen: unknown[] = []
    await using own = await testServer({
      log,
      events: { record: (outcome, question) => seen.push([outcome, question]) },
    })
    await own.post({ body: text(annotated) })
    expect(log.lines).toEqual([
      {
        level: 'info',
        message: 'injected',
        fields: {
          uid: 'u-1',
          operation: 'CREATE',
          kind: 'Pod',
          namespace: 'default',
          object: 'Pod default/web-*',
          owner: 'ReplicaSet web',
          reasons: ['injected'],
          operations: expect.any(Number),
          bytes: text(annotated).length,
          ms: expect.any(Number),
        },
      },
    ])
    expect(seen).toMatchObject([[{ result: 'injected' }, { request: { uid: 'u-1' } }]])
    expect(
      await own.count('nsm_webhook_requests_total{operation="CREATE",result="injected",reason="injected"}'),
    ).toBe(1)
    expect(await own.count('nsm_webhook_request_body_bytes_count')).toBe(1)
    expect(await own.count('nsm_webhook_requests_in_flight')).toBe(0)
  })

  it('is short, whatever the length of what was sent', async () => {
    const log = keptLog()
    await using own = await testServer({ log })
    const long = 'x'.repeat(100_000)
    await own.post({
      body: text({
        ...annotated,
        request: { ...annotated.request, uid: long, operation: long, kind: { kind: long }, namespace: long },
      }),
    })
    await own.post({ body: text({ ...annotated, apiVersion: long }) })
    expect(log.lines.map(line => JSON.stringify(line).length < 4_000)).toEqual([true, true])
  })

  it.each([
    { reason: 'too_large', sent: { body: ' '.repeat(4 * 1024 * 1024 + 1) } },
    { reason: 'bad_type', sent: { headers: { 'content-type': 'text/plain' } } },
    { reason: 'bad_json', sent: { body: '{' } },
  ])('counts what is rejected as $reason', async ({ reason, sent }) => {
    const log = keptLog()
    await using own = await testServer({ log })
    await own.post(sent)
    expect(await own.count(`nsm_webhook_rejected_total{reason="${reason}"}`)).toBe(1)
    expect(log.lines).toMatchObject([{ level: 'warn', message: reason }])
  })
})

describe('pages', () => {
  it.each([
    { method: 'GET', path: '/healthz', status: 200 },
    { method: 'HEAD', path: '/healthz', status: 200 },
    { method: 'GET', path: '/readyz?verbose', status: 200 },
    { method: 'GET', path: '/else', status: 404 },
    { method: 'POST', path: '/else', status: 404 },
    { method: 'POST', path: '/', status: 404 },
    { method: 'POST', path: '/mutate/', status: 404 },
    { method: 'POST', path: '/mutate%2Finherited', status: 404 },
  ])('$method $path answers $status', async ({ method, path, status }) => {
    expect(await served.post({ method, path })).toMatchObject({ status, location: undefined })
  })

  it.each(
    ['/mutate', '/mutate/inherited', '/healthz'].flatMap(path =>
      ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map(method => ({ path, method })),
    ),
  )('$method $path is answered, or refused with 405 and what is allowed', async ({ method, path }) => {
    const allowed = path === '/healthz' ? ['GET', 'HEAD'] : ['POST']
    const answer = await served.post({ method, path, body: '' })
    if (allowed.includes(method)) expect(answer.status).not.toBe(405)
    else expect(answer).toMatchObject({ status: 405, allow: allowed.join(', ') })
  })

  it('/readyz answers 503 with the reason while there is one', async () => {
    await using own = await testServer({ readyReason: () => 'the certificate has expired' })
    expect(await own.post({ method: 'GET', path: '/readyz' })).toMatchObject({
      status: 503,
      body: 'the certificate has expired\n',
    })
    expect(await own.post({ method: 'GET', path: '/healthz' })).toMatchObject({ status: 200 })
  })
})

function text(question: object): string {
  return JSON.stringify({ kind: 'AdmissionReview', ...question })
}
