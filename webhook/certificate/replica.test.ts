import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { phaseOf } from '#certs/held.ts'
import { servedKey } from '#certs/served.ts'
import type { KubeApi } from '#kube/api.ts'
import { type FakeApi, fakeApi } from '#kube/fake-api.ts'
import { isObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import {
  announce,
  applyManifests,
  bundleOfSecret,
  bundlesIn,
  heldBy,
  openSelf,
  patchConfiguration,
  patchSecret,
  quickLimits,
  refusals,
} from './fixture.ts'
import type { Certificate, PatchResult } from './options.ts'

const hour = 3_600_000
const day = 24 * hour
const patient = { timeout: 20_000, interval: 10 }
let api: FakeApi
let opened: Certificate[]

beforeEach(() => {
  api = fakeApi()
  opened = []
  // The wall clock stands still until a test moves it; timers and the steady clock run.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2030, 0, 1) })
})

afterEach(async () => {
  await Promise.all(opened.map(replica => replica[Symbol.asyncDispose]()))
  vi.useRealTimers()
})

async function open(...names: readonly string[]): Promise<readonly Certificate[]> {
  const replicas = await Promise.all(names.map(name => openSelf(api, name)))
  opened.push(...replicas)
  return replicas
}

function untilReady(replicas: readonly Certificate[]): Promise<void> {
  return vi.waitFor(
    () => expect(replicas.map(one => one.readyReason())).toEqual(replicas.map(() => undefined)),
    patient,
  )
}

function untilPhase(phase: string): Promise<void> {
  return vi.waitFor(async () => expect(phaseOf(await heldBy(api))).toBe(phase), patient)
}

describe('replicas with a certificate of their own', { timeout: 60_000 }, () => {
  it('make one authority and one leaf however many start at once, and all are ready with it', async () => {
    await applyManifests(api)
    const replicas = await open('a', 'b', 'c', 'd', 'e')
    await untilReady(replicas)
    expect(new Set(replicas.map(one => one.current().cert)).size).toBe(1)
    expect(await bundlesIn(api)).toEqual([await bundleOfSecret(api), await bundleOfSecret(api)])
    const { authorities, served } = await heldBy(api)
    expect(authorities).toHaveLength(1)
    expect(served.map(one => one.replica).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('wait for a Secret that is not there yet', async () => {
    const opening = open('a')
    await applyManifests(api)
    await untilReady(await opening)
  })

  it('rotate the authority without a moment in which the bundle does not verify what they serve', async () => {
    await applyManifests(api)
    const replicas = await open('a', 'b', 'c')
    await untilReady(replicas)
    const [before] = (await heldBy(api)).authorities
    await announce(api)
    const seen = new Set<string>()
    await vi.waitFor(async () => {
      expect(await refusals(api, replicas)).toEqual([])
      seen.add(phaseOf(await heldBy(api)))
      expect(seen.size).toBeGreaterThan(1)
      expect(phaseOf(await heldBy(api))).toBe('stable')
      expect((await heldBy(api)).authorities[0]?.fingerprint).not.toBe(before?.fingerprint)
      expect(await bundlesIn(api)).toEqual([await bundleOfSecret(api), await bundleOfSecret(api)])
    }, patient)
    expect(await refusals(api, replicas)).toEqual([])
    await untilReady(replicas)
  })

  it('renew a leaf without touching the bundle', async () => {
    await applyManifests(api)
    const replicas = await open('a', 'b')
    await untilReady(replicas)
    const bundles = await bundlesIn(api)
    const before = replicas[0]?.current().cert
    vi.setSystemTime(Date.now() + 21 * day)
    await vi.waitFor(() => expect(replicas.every(one => one.current().cert !== before)).toBe(true), patient)
    expect(await bundlesIn(api)).toEqual(bundles)
    await untilReady(replicas)
  })

  it('go on after a sleep that outlasted the leaf, and after one that outlasted the authority', async () => {
    await applyManifests(api)
    const replicas = await open('a', 'b')
    await untilReady(replicas)
    vi.setSystemTime(Date.now() + 40 * day)
    expect(replicas[0]?.readyReason()).toBeDefined()
    await untilReady(replicas)
    vi.setSystemTime(Date.now() + 400 * day)
    await untilReady(replicas)
    expect(await refusals(api, replicas)).toEqual([])
  })

  it('keep what they have when the clock goes back', async () => {
    await applyManifests(api)
    const replicas = await open('a')
    await untilReady(replicas)
    const before = await bundleOfSecret(api)
    vi.setSystemTime(Date.now() - 40 * day)
    await vi.waitFor(() => expect(replicas[0]?.readyReason()).toMatch(/not valid before/), patient)
    vi.setSystemTime(Date.UTC(2030, 0, 1, 1))
    await untilReady(replicas)
    expect(await bundleOfSecret(api)).toBe(before)
  })

  it('leave certificates to others while their own clock is wrong', async () => {
    await applyManifests(api)
    const [first] = await open('first')
    await untilReady([first as Certificate])
    await first?.[Symbol.asyncDispose]()
    const truth = Date.now()
    const before = await bundleOfSecret(api)
    vi.setSystemTime(truth + 300 * day)
    const wrong = await openSelf(
      dated(api, () => truth),
      'wrong',
    )
    opened.push(wrong)
    await vi.waitFor(() => expect(wrong.readyReason()).toMatch(/not valid since/), patient)
    const calls = api.calls.length
    for (let look = 0; look < 5; look++)
      await patchSecret(api, { metadata: { annotations: { look: `${look}` } } })
    await vi.waitFor(() => expect(api.calls.length).toBeGreaterThan(calls + 10), patient)
    vi.setSystemTime(truth)
    await untilReady([wrong])
    expect(await bundleOfSecret(api)).toBe(before)
  })

  it('wait for a replica that was killed until it counts as gone, then drop the old authority', async () => {
    await applyManifests(api)
    const replicas = await open('a')
    await untilReady(replicas)
    const { leaf } = await heldBy(api)
    const dead = `leaf=x,authority=${leaf?.authority ?? ''},until=2031-01-01T00:00:00Z,seen=2030-01-01T00:00:00Z`
    await patchSecret(api, { metadata: { annotations: { [servedKey('dead')]: dead } } })
    await announce(api)
    await untilPhase('switched')
    vi.setSystemTime(Date.now() + 4 * hour + 1)
    await untilPhase('stable')
  })

  it('do not wait for a replica that has said good-bye', async () => {
    await applyManifests(api)
    const [a, b] = await open('a', 'b')
    await untilReady([a as Certificate, b as Certificate])
    await b?.[Symbol.asyncDispose]()
    expect((await heldBy(api)).served.map(one => one.replica)).toEqual(['a'])
  })

  it.each([
    { name: 'the leaf', data: { 'tls.crt': '', 'tls.key': '' } },
    { name: 'the authority’s key', data: { 'ca.key': '' } },
    {
      name: 'everything',
      data: { 'ca.crt': 'eA==', 'ca.key': 'eA==', 'tls.crt': 'eA==', 'tls.key': 'eA==' },
    },
  ])('repair a Secret that lost $name', async ({ data }) => {
    await applyManifests(api)
    const replicas = await open('a', 'b')
    await untilReady(replicas)
    await patchSecret(api, { data })
    await vi.waitFor(async () => {
      const { authorities, leaf } = await heldBy(api)
      expect(authorities[0]?.key).toBeDefined()
      expect(leaf?.authority).toBe(authorities[0]?.fingerprint)
    }, patient)
    await untilPhase('stable')
    await untilReady(replicas)
    expect(await refusals(api, replicas)).toEqual([])
  })

  it('are not ready when they cannot say that they live, before the others forget them', async () => {
    await applyManifests(api)
    const [a] = await open('a')
    await untilReady([a as Certificate])
    const restore = api.intercept(() => {
      throw new NsmError('API_UNAVAILABLE', 'cut off')
    })
    vi.setSystemTime(Date.now() + 3 * hour + 1)
    expect(a?.readyReason()).toMatch(/cannot be reached/)
    restore()
    await untilReady([a as Certificate])
  })
})

describe('the bundle', { timeout: 60_000 }, () => {
  it('is repaired when somebody overwrites or removes it', async () => {
    await applyManifests(api)
    const replicas = await open('a', 'b')
    await untilReady(replicas)
    await patchConfiguration(api, [
      { op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: 'c3RyYW5nZXI=' },
      { op: 'remove', path: '/webhooks/1/clientConfig/caBundle' },
    ])
    await vi.waitFor(async () => expect(await refusals(api, replicas)).toEqual([]), patient)
    expect(await bundlesIn(api)).toEqual([await bundleOfSecret(api), await bundleOfSecret(api)])
  })

  it.each([
    { name: 'has no label of ours', metadata: { labels: { app: 'other' } }, why: /no label/ },
    {
      name: 'cert-manager keeps',
      metadata: {
        labels: { 'app.kubernetes.io/part-of': 'nsm' },
        annotations: { 'cert-manager.io/inject-ca-from': 'a/b' },
      },
      why: /cert-manager keeps its caBundle/,
    },
  ])('is left alone in a configuration that $name', async ({ metadata, why }) => {
    await applyManifests(api, metadata)
    const results: PatchResult[] = []
    const replica = await openSelf(api, 'a', { onPatched: result => results.push(result) })
    opened.push(replica)
    await vi.waitFor(() => expect(replica.readyReason()).toMatch(why), patient)
    for (let look = 0; look < 3; look++)
      await patchConfiguration(api, { metadata: { annotations: { look: `${look}` } } })
    expect(await bundlesIn(api)).toEqual(['', ''])
    expect(results).toEqual(['foreign'])
  })

  it('is published again after a conflict, which is counted', async () => {
    await applyManifests(api)
    const results: PatchResult[] = []
    let quarrels = 3
    const restore = api.intercept(async call => {
      if (call.method !== 'PATCH' || !call.path.includes('mutating') || quarrels === 0) return
      if (!Array.isArray(call.body)) return
      quarrels -= 1
      await patchConfiguration(api, { metadata: { annotations: { quarrel: `${quarrels}` } } })
    })
    const replica = await openSelf(api, 'a', { onPatched: result => results.push(result) })
    opened.push(replica)
    await untilReady([replica])
    restore()
    expect(results).toEqual(['conflict', 'conflict', 'conflict', 'ok'])
  })

  it('that is not there makes no replica ready', async () => {
    await applyManifests(api)
    const replica = await openSelf(api, 'a', { configuration: 'other' })
    opened.push(replica)
    await vi.waitFor(
      () => expect(replica.readyReason()).toMatch(/MutatingWebhookConfiguration other does not exist/),
      patient,
    )
  })
})

it('the limits of the tests differ from the product’s in one wait only', () => {
  expect(quickLimits).toMatchObject({ authorityMs: 365 * day, leafMs: 30 * day, beatMs: hour })
})

/** An API server that dates its writes. */
function dated(inner: KubeApi, now: () => number): KubeApi {
  return {
    ...inner,
    async call(call) {
      const object = await inner.call(call)
      const metadata = isObject(object['metadata']) ? object['metadata'] : {}
      const managedFields = [{ manager: 'nsm-webhook', time: new Date(now()).toISOString() }]
      return { ...object, metadata: { ...metadata, managedFields } }
    },
  }
}
