import { readFile } from 'node:fs/promises'
import { beforeAll, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { connectApi } from '#kube/connect-api.ts'
import { kubernetesRegistry } from '#registry/kubernetes/registry.ts'
import { memoryRegistry } from '#registry/memory.ts'
import { endpointRecord, serviceRecord } from '#registry/registry.contract.ts'
import { silent } from '#sdk/log.ts'
import { useCluster } from './cluster.ts'
import { installCrds } from './crds.ts'

const cluster = await useCluster()
const { signal } = new AbortController()
const group = '/apis/networkservicemesh.io/v1'

beforeAll(() => installCrds(cluster))

function post(path: string, body: object) {
  return cluster.api.call({ method: 'POST', path, body, signal })
}

async function rulesOf(file: string): Promise<object> {
  return parse(await readFile(`manifests/base/manager/${file}`, 'utf8')) as object
}

/** A service account with the rules of the manifests, in a namespace of its own in place of the mesh's; its token. */
async function managerToken(namespace: string): Promise<string> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const subjects = [{ kind: 'ServiceAccount', name: 'manager', namespace }]
  const apiGroup = 'rbac.authorization.k8s.io'
  await post(`${rbac}/clusterroles`, {
    ...(await rulesOf('cluster-role.yaml')),
    metadata: { name: namespace },
  })
  await post(`${rbac}/clusterrolebindings`, {
    metadata: { name: namespace },
    roleRef: { apiGroup, kind: 'ClusterRole', name: namespace },
    subjects,
  })
  const here = `${rbac}/namespaces/${namespace}`
  await post(`${here}/roles`, { ...(await rulesOf('role.yaml')), metadata: { name: 'manager' } })
  await post(`${here}/rolebindings`, {
    metadata: { name: 'manager' },
    roleRef: { apiGroup, kind: 'Role', name: 'manager' },
    subjects,
  })
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await post(accounts, { metadata: { name: 'manager' } })
  const review = await post(`${accounts}/manager/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })
  return (review['status'] as { readonly token: string }).token
}

it('the rights of the manifests are enough for the registry, and no more', async () => {
  const ownNamespace = await cluster.newNamespace('mesh')
  const namespace = await cluster.newNamespace('tenant')
  const token = await managerToken(ownNamespace)
  await using api = await connectApi({ server: cluster.server, ca: cluster.ca, token })
  const node = (name: string) =>
    kubernetesRegistry({
      api,
      node: `${ownNamespace}-${name}`,
      url: 'tcp://10.0.0.1:5001',
      ownNamespace,
      cache: memoryRegistry(),
      log: silent,
      renewMs: 200,
    })
  const name = `web-${namespace}`
  const readEndpoint = () =>
    cluster.api.call({
      method: 'GET',
      path: `${group}/namespaces/${namespace}/networkserviceendpoints/${name}`,
      signal,
    })
  await using living = node('a')
  // A binding takes effect a moment after it is made; until then watches are refused and ask again.
  await living.synced(AbortSignal.timeout(20_000))
  {
    await using dying = node('b')
    await dying.synced(AbortSignal.timeout(20_000))
    expect(await dying.services.add(serviceRecord(namespace, 'web'))).toBe('added')
    const record = { ...endpointRecord(name, 'web', { namespace }), node: `${ownNamespace}-b` }
    await dying.endpoints.put(record)
    await dying.endpoints.put({
      ...record,
      endpoint: { ...record.endpoint, networkServiceNames: ['web', 'vpn'] },
    })
    await expect(readEndpoint()).resolves.toMatchObject({ spec: { network_service_names: ['web', 'vpn'] } })
    await vi.waitFor(async () => expect(await living.endpoints.get(name)).toBeDefined(), { timeout: 10_000 })
  }
  await vi.waitFor(() => expect(readEndpoint()).rejects.toMatchObject({ status: 404 }), { timeout: 20_000 })
  const denied = { code: 'DENIED' }
  const service = serviceRecord(namespace, 'web')
  await expect(living.services.put(service)).rejects.toMatchObject(denied)
  await expect(living.services.remove(`${namespace}/web`)).rejects.toMatchObject(denied)
  for (const path of [
    `/api/v1/namespaces/${ownNamespace}/secrets`,
    '/api/v1/configmaps',
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
    `${group}/namespaces/${namespace}/networkservicemanagers`,
  ])
    await expect(api.call({ method: 'GET', path, signal })).rejects.toMatchObject(denied)
})
