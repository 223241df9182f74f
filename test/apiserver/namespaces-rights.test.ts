import { readFile } from 'node:fs/promises'
import { expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { connectApi } from '#kube/connect-api.ts'
import type { Log } from '#sdk/log.ts'
import { silent } from '#sdk/log.ts'
import { sendEvents } from '#webhook/events/send-events.ts'
import { watchNamespaces } from '#webhook/namespaces/watch-namespaces.ts'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()
const { signal } = new AbortController()

function post(path: string, body: object) {
  return cluster.api.call({ method: 'POST', path, body, signal })
}

/** A service account with the rules of the manifest; the token by which it is known. */
async function webhookToken(namespace: string): Promise<string> {
  const role = parse(await readFile('manifests/base/webhook/cluster-role.yaml', 'utf8')) as object
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await post(`${rbac}/clusterroles`, { ...role, metadata: { name: namespace } })
  await post(`${rbac}/clusterrolebindings`, {
    metadata: { name: namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: namespace },
    subjects: [{ kind: 'ServiceAccount', name: 'webhook', namespace }],
  })
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await post(accounts, { metadata: { name: 'webhook' } })
  const review = await post(`${accounts}/webhook/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })
  return (review['status'] as { readonly token: string }).token
}

it('the rights of the manifest are enough to follow namespaces and to send Events, and no more', async () => {
  const namespace = await cluster.newNamespace('rights', {
    labels: { 'networkservicemesh.io/inherit': 'true' },
    annotations: { 'ns.networkservicemesh.io': 'vpn' },
  })
  await using api = await connectApi({
    server: cluster.server,
    ca: cluster.ca,
    token: await webhookToken(namespace),
  })
  // A binding takes effect a moment after it is made; until then the watch is refused and asks again.
  await using namespaces = watchNamespaces({ api, log: silent, signal, waitMs: 10_000 })
  await expect(namespaces.annotationsOf(namespace, signal)).resolves.toEqual({
    'ns.networkservicemesh.io': 'vpn',
  })
  const warn = vi.fn<Log['warn']>()
  const results: string[] = []
  const events = sendEvents({
    api,
    log: { ...silent, warn },
    instance: '',
    onResult: result => results.push(result),
  })
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u' }
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  const request = { uid: 'r', operation: 'CREATE', kind, namespace, object: {} }
  const record = () =>
    events.record({ result: 'injected', reasons: [], owner }, { apiVersion: 'admission.k8s.io/v1', request })
  record()
  await vi.waitFor(() => expect(results).toHaveLength(1))
  record()
  await events[Symbol.asyncDispose]()
  expect(warn.mock.calls).toEqual([])
  expect(results).toEqual(['sent', 'sent'])
  for (const path of ['pods', 'secrets', 'events'])
    await expect(
      api.call({ method: 'GET', path: `/api/v1/namespaces/${namespace}/${path}`, signal }),
    ).rejects.toMatchObject({ code: 'DENIED' })
})
