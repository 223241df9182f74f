import { afterAll, beforeAll } from 'vitest'
import { connectApi } from '#kube/connect-api.ts'
import { describeKubernetesRegistry } from '#registry/kubernetes/registry.contract.ts'
import { useCluster } from './cluster.ts'
import { installCrds } from './crds.ts'
import { openDetour } from './detour.ts'

const cluster = await useCluster()
const { signal } = new AbortController()
const detour = await openDetour(cluster.server)
const managers = await connectApi({ server: detour.url, ca: cluster.ca, token: cluster.adminToken })
const shared = 'nsm-system'
const group = '/apis/networkservicemesh.io/v1'

beforeAll(async () => {
  await installCrds(cluster)
  await cluster.api
    .call({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: shared } }, signal })
    .catch(() => undefined)
})
afterAll(async () => {
  await managers[Symbol.asyncDispose]()
  await detour[Symbol.asyncDispose]()
})

const collections = [
  ...['default', shared].flatMap(namespace =>
    ['networkservices', 'networkserviceendpoints', 'networkservicemanagers'].map(
      plural => `${group}/namespaces/${namespace}/${plural}`,
    ),
  ),
  `/apis/coordination.k8s.io/v1/namespaces/${shared}/leases`,
]

describeKubernetesRegistry('custom resources of a real API server', async () => {
  for (const path of collections) await cluster.api.call({ method: 'DELETE', path, signal })
  return {
    api: cluster.api,
    managers,
    away: async work => {
      const unblock = detour.block()
      await work()
      unblock()
    },
  }
})
