import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { isInjected } from '#cli/check/is-injected.ts'
import type { ApiCall } from '#kube/api.ts'
import { useCluster } from './cluster.ts'
import { type InstalledWebhook, installWebhook } from './install-webhook.ts'

const cluster = await useCluster()
const { signal } = new AbortController()
const key = 'ns.networkservicemesh.io'
const label = 'networkservicemesh.io/inherit'

function ask(method: ApiCall['method'], path: string, body?: object) {
  return cluster.api.call({ method, path, signal, ...(body === undefined ? {} : { body }) })
}

describe('inheritance from namespaces', () => {
  let webhook: InstalledWebhook

  beforeAll(async () => {
    webhook = await installWebhook(cluster)
  })

  afterAll(async () => {
    await webhook[Symbol.asyncDispose]()
  })

  const annotate = (name: string, value: string | null) =>
    ask('PATCH', `/api/v1/namespaces/${name}`, { metadata: { annotations: { [key]: value } } })

  const makePod = (namespace: string, annotations: object = {}) =>
    ask('POST', `/api/v1/namespaces/${namespace}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'web-', annotations },
      spec: { containers: [{ name: 'app', image: 'app' }] },
    })

  it('knows a namespace as soon as the API server calls it inheriting, without a pause', async () => {
    const namespace = await cluster.newNamespace('heir', { annotations: { [key]: 'vpn/vpn0' } })
    const pod = await makePod(namespace)
    expect(isInjected(pod)).toBe(true)
    expect(JSON.stringify(pod)).toContain('vpn/vpn0')
  })

  it('follows annotation and label as they come, change and go', async () => {
    const namespace = await cluster.newNamespace('follow')
    expect(isInjected(await makePod(namespace))).toBe(false)
    expect(await annotate(namespace, 'one')).toMatchObject({ metadata: { labels: { [label]: 'true' } } })
    // The API server learns of the label by a watch of its own.
    await vi.waitFor(async () => expect(isInjected(await makePod(namespace))).toBe(true))
    await annotate(namespace, 'two')
    await vi.waitFor(async () =>
      expect(await webhook.namespaces.annotationsOf(namespace, signal)).toEqual({ [key]: 'two' }),
    )
    const gone = await annotate(namespace, null)
    expect(gone['metadata']).not.toMatchObject({ labels: { [label]: 'true' } })
    await vi.waitFor(async () => expect(isInjected(await makePod(namespace))).toBe(false))
  })

  it('holds nothing of a namespace that lost the label', async () => {
    const namespace = await cluster.newNamespace('lost', { labels: { [label]: 'true' } })
    await expect(webhook.namespaces.annotationsOf(namespace, signal)).resolves.toEqual({})
    await ask('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { labels: { [label]: null } } })
    await vi.waitFor(
      async () =>
        await expect(webhook.namespaces.annotationsOf(namespace, AbortSignal.timeout(20))).rejects.toThrow(),
      { timeout: 5_000 },
    )
  })

  it('lets the pod beat its namespace, by its own services and by its switch', async () => {
    const namespace = await cluster.newNamespace('beats', { annotations: { [key]: 'vpn' } })
    expect(JSON.stringify(await makePod(namespace, { [key]: 'other' }))).toContain('"value":"other"')
    expect(isInjected(await makePod(namespace, { 'networkservicemesh.io/inject': 'false' }))).toBe(false)
  })

  it('is synced', () => {
    expect(webhook.namespaces.isSynced()).toBe(true)
  })
})
