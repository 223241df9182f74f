import { expect, it } from 'vitest'
import { injectedPod } from '#cli/check/pods.fixture.ts'
import { KubeApiError } from '#kube/api.ts'
import { type FakeApi, fakeApi } from '#kube/fake-api.ts'
import type { Target } from './apply.ts'
import { kustomized } from './kustomize.ts'
import { uninstall } from './uninstall.ts'

const { signal } = new AbortController()
const webhooks = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const pods = '/api/v1/namespaces/blue/pods'
const objects = await kustomized('manifests/overlays/ha')

it('refuses when a pod was injected while the webhook was taken away, and has taken nothing else', async () => {
  const { api, target } = await installed()
  const undo = api.intercept(async ({ method, path }) => {
    if (method !== 'DELETE' || !path.startsWith(webhooks)) return
    undo()
    await api.call({ method: 'POST', path: pods, body: { kind: 'Pod', ...injectedPod({}) }, signal })
  })
  const options = { target, objects, users: 'refuse', nodes: 'clean', definitions: 'keep' } as const
  const told: string[] = []
  await expect(
    (async () => {
      for await (const { object, state } of uninstall(options)) told.push(`${object} ${state}`)
    })(),
  ).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(
      /a pod uses the mesh since a moment ago, when the webhook was being taken away.*no other pod will.*nsm install brings the webhook back/,
    ) as string,
  })
  expect(told.filter(line => !line.endsWith('waiting'))).toEqual([
    'mutatingwebhookconfigurations/nsm-webhook deleted',
    'pod/blue/web refused',
  ])
  expect(deleted(api)).toEqual([`${webhooks}/nsm-webhook`])
  await api.call({ method: 'DELETE', path: `${pods}/web`, signal })
  await Array.fromAsync(uninstall(options))
  expect(deleted(api)).toContain('/apis/apps/v1/namespaces/nsm-system/daemonsets/nsm-forwarder')
})

it('looks for users after API servers have learnt that the webhook is gone', async () => {
  const { api, target } = await installed()
  let asked = 0
  api.intercept(({ method, path }) => {
    if (method !== 'POST' || !path.includes('dryRun=All')) return
    asked += 1
    if (asked === 1) throw stillAsked
  })
  await Array.fromAsync(uninstall({ target, objects, users: 'refuse', nodes: 'clean', definitions: 'keep' }))
  const asks = api.calls.flatMap(({ path }, index) => (path.includes('dryRun=All') ? [index] : []))
  const looks = api.calls.flatMap(({ path }, index) => (path.startsWith('/api/v1/pods?') ? [index] : []))
  expect(asks).toHaveLength(2)
  expect(looks.at(-1)).toBeGreaterThan(asks.at(-1) ?? 0)
})

const stillAsked = new KubeApiError(
  { status: 500, reason: 'InternalError' },
  'failed calling webhook "pods.networkservicemesh.io": connection refused',
)

/** A mesh of which there are the webhook's configuration and the forwarder alone. */
async function installed() {
  const api = fakeApi()
  await api.call({ method: 'POST', path: webhooks, body: named('nsm-webhook'), signal })
  await api.call({
    method: 'POST',
    path: '/apis/apps/v1/namespaces/nsm-system/daemonsets',
    body: named('nsm-forwarder'),
    signal,
  })
  const target: Target = {
    api,
    signal,
    mode: 'change',
    discovery: async ({ apiVersion, kind, metadata }) => ({
      root: apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`,
      group: '',
      resource: `${kind.toLowerCase()}s`.replace(/ys$/, 'ies'),
      scope: metadata.namespace === undefined ? 'cluster' : 'namespace',
    }),
  }
  return { api, target }
}

function named(name: string): object {
  return { metadata: { name } }
}

function deleted({ calls }: FakeApi): readonly string[] {
  return calls.filter(({ method }) => method === 'DELETE').map(({ path }) => path)
}
