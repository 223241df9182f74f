import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cached } from '#kube/access.ts'
import { connectApi } from '#kube/connect-api.ts'
import { inCluster } from '#kube/in-cluster.ts'
import { restApi } from '#kube/rest-api.ts'
import { useCluster } from './cluster.ts'
import { create } from './objects.ts'

const cluster = await useCluster()
const { api } = cluster
const { signal } = new AbortController()
const version = { method: 'GET', path: '/version', signal } as const

it('a kubeconfig lets the administrator in', async () => {
  await using client = await connectApi({ kubeconfig: join(cluster.folder, 'admin.kubeconfig') })
  expect(await client.call(version)).toMatchObject({ gitVersion: 'v1.34.4' })
})

it('a wrong token is refused', async () => {
  await using client = await connectApi({ server: cluster.server, ca: cluster.ca, token: 'wrong' })
  await expect(client.call(version)).rejects.toMatchObject({
    code: 'DENIED',
    status: 401,
    reason: 'Unauthorized',
  })
})

describe('a pod with a service account', () => {
  /** The API as a service account of a new namespace, by the files that kubelet would mount. */
  async function asServiceAccount() {
    const namespace = await cluster.newNamespace('access')
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
    await create(api, accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'web' } })
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
    const { status } = await api.call({ method: 'POST', path: `${accounts}/web/token`, body, signal })
    const folder = await mkdtemp(join(cluster.folder, 'pod-'))
    await writeFile(join(folder, 'token'), (status as { readonly token: string }).token)
    await writeFile(join(folder, 'ca.crt'), cluster.ca)
    const { hostname, port } = new URL(cluster.server)
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
    return { namespace, client: restApi(cached(inCluster({ env, folder }))) }
  }

  it('may not read what no role allows, and the error names who may not do what', async () => {
    const { namespace, client } = await asServiceAccount()
    await using held = client
    const path = `/api/v1/namespaces/${namespace}/secrets/a`
    await expect(held.call({ method: 'GET', path, signal })).rejects.toMatchObject({
      code: 'DENIED',
      status: 403,
      reason: 'Forbidden',
      message: expect.stringContaining(
        `system:serviceaccount:${namespace}:web" cannot get resource "secrets"`,
      ),
    })
  })

  it('may read what a role allows', async () => {
    const { namespace, client } = await asServiceAccount()
    await using held = client
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`
    await create(api, `${rbac}/roles`, {
      metadata: { name: 'web' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
    })
    await create(api, `${rbac}/rolebindings`, {
      metadata: { name: 'web' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'web' },
      subjects: [{ kind: 'ServiceAccount', name: 'web', namespace }],
    })
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    await expect
      .poll(() => held.call({ method: 'GET', path, signal }).catch((error: unknown) => error), {
        timeout: 5_000,
      })
      .toMatchObject({ kind: 'ConfigMapList' })
  })
})
