import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { fetchConfiguration } from '#certs/published.ts'
import { usualLimits } from '#certs/rotation.ts'
import { readHeld } from '#certs/secret.ts'
import { readSecret } from '#certs/shared-secret.ts'
import { statusOf } from '#certs/status.ts'
import type { Context } from '#cli/context.ts'
import { type FakeApi, fakeApi } from '#kube/fake-api.ts'
import { judgeCertificates } from './check.ts'
import { type Cluster, placeOf } from './cluster.ts'
import { initCluster, initFiles, printInit } from './init.ts'
import { followRotation, startRotation } from './rotate.ts'
import { statusTables } from './show.ts'

const names = ['nsm-webhook.nsm-system.svc']
const day = 24 * 3_600_000
const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
let api: FakeApi
let cluster: Cluster
let out: string[]
let notes: string[]
let context: Context

beforeEach(() => {
  api = fakeApi()
  out = []
  notes = []
  const { signal } = new AbortController()
  cluster = {
    api,
    signal,
    namespace: 'nsm-system',
    secret: 'nsm-webhook-certs',
    configuration: 'nsm-webhook',
  }
  context = {
    out: text => out.push(text),
    note: text => notes.push(text),
    paint: (_, text) => text,
    progress: 'lines',
    calledAs: 'nsm',
    columns: () => 80,
    signal,
  }
})

describe('nsm certs', { timeout: 60_000 }, () => {
  it('init makes Secret and bundle, and changes nothing the second time', async () => {
    await configure()
    await initCluster(cluster, names, context)
    await initCluster(cluster, names, context)
    expect(out).toEqual([
      'secret/nsm-webhook-certs created\n',
      'mutatingwebhookconfiguration/nsm-webhook configured\n',
      'secret/nsm-webhook-certs unchanged\n',
      'mutatingwebhookconfiguration/nsm-webhook unchanged\n',
    ])
    expect(await findings()).toEqual([])
  })

  it('init fills the empty Secret of the manifests, before the configuration is there', async () => {
    const path = '/api/v1/namespaces/nsm-system/secrets'
    const body = { metadata: { name: 'nsm-webhook-certs' } }
    await api.call({ method: 'POST', path, body, signal: cluster.signal })
    await initCluster(cluster, names, context)
    expect(out).toEqual(['secret/nsm-webhook-certs configured\n'])
    expect(notes.join()).toMatch(/apply the manifests/)
  })

  it('init leaves the bundle of another owner alone, and says so', async () => {
    await configure({ annotations: { 'cert-manager.io/inject-ca-from': 'a/b' } })
    await expect(initCluster(cluster, names, context)).rejects.toThrow(/cert-manager keeps its caBundle/)
  })

  it('init --dry-run prints the objects without keys and writes nothing', async () => {
    await configure()
    await printInit(cluster, names, context)
    expect(out.join()).toContain('kind: MutatingWebhookConfiguration')
    expect(out.join()).toContain('ca.key: (a private key, not shown)')
    expect(out.join()).not.toContain(Buffer.from('-----BEGIN PRIVATE').toString('base64').slice(0, 20))
    expect(api.calls.filter(call => call.method !== 'GET')).toHaveLength(1)
  })

  it('init --dir makes files once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nsm-certs-'))
    try {
      await initFiles(folder, names, context)
      const before = await readFile(join(folder, 'tls.crt'))
      await initFiles(folder, names, context)
      expect((await readdir(folder)).toSorted()).toEqual(['ca.crt', 'tls.crt', 'tls.key'])
      expect(await readFile(join(folder, 'tls.crt'))).toEqual(before)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('rotate announces an authority once, and says what it waits for when nobody goes on', async () => {
    await configure()
    await initCluster(cluster, names, context)
    await startRotation(cluster, context)
    await startRotation(cluster, context)
    expect(notes).toEqual(['a rotation is under way already: announced\n'])
    await expect(followRotation(cluster, 1, context)).rejects.toThrow(
      /announced: waiting for the webhook configuration to trust it; look at the log/,
    )
    expect((await seen()).status.authorities.map(({ role }) => role)).toEqual(['signs', 'next'])
  })

  it('rotate refuses an empty Secret', async () => {
    const path = '/api/v1/namespaces/nsm-system/secrets'
    const body = { metadata: { name: 'nsm-webhook-certs' } }
    await api.call({ method: 'POST', path, body, signal: cluster.signal })
    await expect(startRotation(cluster, context)).rejects.toThrow(/nsm certs init/)
  })

  it('show has no key in it', async () => {
    await configure()
    await initCluster(cluster, names, context)
    const { status } = await seen()
    const shown = statusTables(status) + JSON.stringify(status)
    expect(shown).not.toContain('PRIVATE')
    expect(statusTables(status)).toMatch(
      /phase: stable[\s\S]*authority[\s\S]*signs[\s\S]*leaf[\s\S]*nsm-webhook\.nsm-system\.svc/,
    )
  })

  it('check finds a bundle that somebody overwrote, and an authority that nobody renews', async () => {
    await configure()
    await initCluster(cluster, names, context)
    const path = `${configurations}/nsm-webhook`
    const body = [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }]
    const contentType = 'application/json-patch+json'
    await api.call({ method: 'PATCH', path, body, contentType, signal: cluster.signal })
    expect(await findings()).toEqual(['bundle: it trusts no authority'])
    expect(await findings(Date.now() + 310 * day)).toContain(
      'authority: its authority ends in 54 days, and nobody renews it',
    )
  })
})

async function configure(metadata: object = {}): Promise<void> {
  const labels = { 'app.kubernetes.io/part-of': 'nsm' }
  const body = {
    metadata: { name: 'nsm-webhook', labels, ...metadata },
    webhooks: [{ name: 'pods', clientConfig: { service: { name: 'nsm-webhook' } } }],
  }
  await api.call({ method: 'POST', path: configurations, body, signal: cluster.signal })
}

async function seen(now = Date.now()) {
  const held = readHeld(await readSecret(placeOf(cluster), cluster.signal))
  const configuration = await fetchConfiguration(api, 'nsm-webhook', cluster.signal)
  return { held, configuration, status: statusOf(held, configuration, { now, limits: usualLimits }) }
}

async function findings(now = Date.now()): Promise<readonly string[]> {
  const results = judgeCertificates({ ...(await seen(now)), served: [], names, secret: 'Secret', now })
  return results.flatMap(({ id, findings: found }) => found.map(({ finding }) => `${id}: ${finding}`))
}
