import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ReviewQuestion } from '#kube/admission-review.ts'
import { type ApiCall, KubeApiError } from '#kube/api.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { silent } from '#sdk/log.ts'
import type { Told } from './report.ts'
import { type Events, sendEvents } from './send-events.ts'

const question: ReviewQuestion = {
  apiVersion: 'admission.k8s.io/v1',
  request: {
    uid: 'r',
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'blue',
    object: { metadata: { generateName: 'web-' } },
  },
}

function refused(message: string, name = 'web'): Told {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: name }
  return { result: 'denied', reasons: [], message, owner }
}

describe('sendEvents()', () => {
  let api: ReturnType<typeof fakeApi>
  let events: Events
  let results: string[]
  const settle = () => vi.advanceTimersByTimeAsync(1)
  const sent = () => api.calls.map(({ method, body }) => ({ method, body }))

  beforeEach(() => {
    vi.useFakeTimers()
    api = fakeApi()
    results = []
    events = sendEvents({
      api,
      log: silent,
      instance: 'nsm-webhook-1',
      onResult: result => results.push(result),
    })
  })

  afterEach(async () => {
    const disposed = events[Symbol.asyncDispose]()
    await vi.advanceTimersByTimeAsync(1_000)
    await disposed
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('creates an Event of events.k8s.io/v1', async () => {
    events.record(refused('bad'), question)
    expect(api.calls).toEqual([])
    await settle()
    expect(api.calls).toMatchObject([
      {
        method: 'POST',
        path: '/apis/events.k8s.io/v1/namespaces/blue/events',
        body: {
          metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) as string, namespace: 'blue' },
          reportingController: 'networkservicemesh.io/webhook',
          reportingInstance: 'nsm-webhook-1',
          reason: 'NetworkServicesRefused',
          regarding: { kind: 'ReplicaSet', name: 'web', namespace: 'blue' },
          note: 'bad',
          type: 'Warning',
        },
      },
    ])
    expect(results).toEqual(['sent'])
  })

  it('counts what repeats, and says so once in ten seconds', async () => {
    events.record(refused('bad'), question)
    await settle()
    for (let n = 0; n < 500; n++) events.record(refused('bad'), question)
    await vi.advanceTimersByTimeAsync(9_000)
    expect(sent()).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(sent()).toMatchObject([{ method: 'POST' }, { method: 'PATCH', body: { series: { count: 501 } } }])
    const [, patch] = api.calls
    await expect(api.call({ ...(patch as ApiCall), method: 'GET', body: undefined })).resolves.toMatchObject({
      note: 'bad',
      series: { count: 501 },
    })
  })

  it('tells anew what expired at the API server', async () => {
    events.record(refused('bad'), question)
    await settle()
    const gone = api.intercept(({ method, path }) => {
      if (method === 'PATCH') throw new KubeApiError({ status: 404, reason: 'NotFound' }, `${path} is gone`)
    })
    events.record(refused('bad'), question)
    await vi.advanceTimersByTimeAsync(10_000)
    gone()
    events.record(refused('bad'), question)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent().map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST', 'PATCH'])
    expect(results).toEqual(['sent', 'sent', 'sent'])
  })

  it('limits the Events of one object, not those of another', async () => {
    for (let n = 0; n < 15; n++) events.record(refused(`bad ${n}`), question)
    events.record(refused('bad', 'other'), question)
    await settle()
    expect(results.toSorted()).toEqual([...Array(5).fill('limited'), ...Array(11).fill('sent')])
    await vi.advanceTimersByTimeAsync(20_000)
    for (let n = 20; n < 25; n++) events.record(refused(`bad ${n}`), question)
    await settle()
    expect(results.filter(result => result === 'sent')).toHaveLength(13)
  })

  it('holds 256 Events while the API server does not answer, and drops the rest', async () => {
    const answers = Promise.withResolvers<undefined>()
    api.intercept(() => answers.promise)
    for (let n = 0; n < 300; n++) events.record(refused('bad', `web-${n}`), question)
    expect(results).toEqual(Array(44).fill('dropped'))
    answers.resolve(undefined)
    await settle()
    expect(results.filter(result => result === 'sent')).toHaveLength(256)
  })

  it('limits the Events of all objects together', async () => {
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 200; n++) events.record(refused('bad', `web-${round}-${n}`), question)
      await settle()
    }
    expect(results.filter(result => result === 'sent')).toHaveLength(256)
    await vi.advanceTimersByTimeAsync(1_000)
    for (let n = 0; n < 200; n++) events.record(refused('bad', `more-${n}`), question)
    await settle()
    expect(results.filter(result => result === 'sent')).toHaveLength(256 + 20)
  })

  it('neither throws nor stops when the API server refuses', async () => {
    const heal = api.intercept(({ path }) => {
      throw new KubeApiError({ status: 403, reason: 'Forbidden' }, path)
    })
    events.record(refused('bad'), question)
    await settle()
    heal()
    events.record(refused('bad'), question)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(results).toEqual(['failed', 'sent'])
    expect(sent().at(-1)).toMatchObject({ method: 'POST', body: { series: { count: 2 } } })
  })

  it('keeps its Events while the API server is away or overrun, and sends each once when it is back', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    let status = 0
    let attempts = 0
    const heal = api.intercept(({ path }) => {
      attempts += 1
      throw new KubeApiError({ status, reason: '' }, path)
    })
    for (let n = 0; n < 5; n++) events.record(refused(`bad ${n}`), question)
    await vi.advanceTimersByTimeAsync(30_000)
    status = 503
    await vi.advanceTimersByTimeAsync(8_000)
    expect(results).toEqual([])
    expect(attempts).toBeLessThan(12)
    heal()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(results).toEqual(Array(5).fill('sent'))
    vi.mocked(Math.random).mockRestore()
  })

  it('takes an Event for sent that the API server has stored without an answer', async () => {
    const heal = api.intercept(async call => {
      heal()
      await api.call(call)
      throw new KubeApiError({ status: 0, reason: '' }, 'the connection broke')
    })
    events.record(refused('bad'), question)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(results).toEqual(['sent'])
    events.record(refused('bad'), question)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent().at(-1)).toMatchObject({ method: 'PATCH', body: { series: { count: 2 } } })
  })

  it('sends what waits when it ends, for one second at most', async () => {
    events.record(refused('bad'), question)
    events.record(refused('worse'), question)
    await events[Symbol.asyncDispose]()
    expect(results).toEqual(['sent', 'sent'])
    events.record(refused('late'), question)
    await settle()
    expect(results).toHaveLength(2)
  })

  it('gives up after that second', async () => {
    api.intercept(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    events.record(refused('bad'), question)
    const started = Date.now()
    const disposed = events[Symbol.asyncDispose]()
    await vi.advanceTimersByTimeAsync(1_000)
    await disposed
    expect(Date.now() - started).toBe(1_000)
    expect(results).toEqual(['failed'])
  })
})
