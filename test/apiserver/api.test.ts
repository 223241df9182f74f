import { afterAll } from 'vitest'
import { describeApi } from '#kube/api.contract.ts'
import { connectApi } from '#kube/connect-api.ts'
import { useCluster } from './cluster.ts'
import { openDetour } from './detour.ts'

const cluster = await useCluster()
const detour = await openDetour(cluster.server)
const watched = await connectApi({ server: detour.url, ca: cluster.ca, token: cluster.adminToken })
afterAll(async () => {
  await watched[Symbol.asyncDispose]()
  await detour[Symbol.asyncDispose]()
})

describeApi('a real API server', async () => {
  const namespace = `/api/v1/namespaces/${await cluster.newNamespace('api')}`
  return {
    api: cluster.api,
    watched,
    namespace,
    disconnect: () => detour.disconnect(),
    async cutOff(work) {
      const unblock = detour.block()
      await work()
      await forgetThePast(`${namespace}/limitranges`)
      unblock()
    },
  }
})

/** Compacts etcd up to now. */
async function forgetThePast(path: string): Promise<void> {
  const { signal } = new AbortController()
  const list = await cluster.api.call({ method: 'GET', path, signal })
  const { resourceVersion } = list['metadata'] as { resourceVersion: string }
  const answer = await fetch(`${cluster.etcd}/v3/kv/compaction`, {
    method: 'POST',
    body: JSON.stringify({ revision: resourceVersion }),
  })
  if (!answer.ok) throw new Error(`etcd does not compact: ${await answer.text()}`)
}
