import type { Cluster } from './cluster.ts'
import { testLabel } from './foreign-cluster.ts'

/** The programs that a whole mesh has, as `kubectl rollout status` takes them. */
const workloads = [
  'deployment/nsm-webhook',
  'deployment/nsm-issuer',
  'daemonset/nsm-manager',
  'daemonset/nsm-forwarder',
]

/** Applies manifests/overlays/test unless it is there; resolves when each workload is rolled out and
 * nodes have sockets to give. */
export async function installMesh(cluster: Pick<Cluster, 'kubectl' | 'nodes' | 'waitFor'>): Promise<void> {
  const overlay = await cluster.kubectl('kustomize manifests/overlays/test')
  // Objects of kinds that the first application only defines need another one.
  await cluster.waitFor(
    async () =>
      (await cluster.kubectl('apply --server-side --field-manager=nsm --force-conflicts -f -', {
        input: overlay,
      })) !== '',
    {
      what: 'the mesh is applied',
      within: 30_000,
    },
  )
  await cluster.kubectl(`label namespace nsm-system ${testLabel}=true --overwrite`)
  for (const workload of workloads)
    await cluster.waitFor(
      async () => {
        const said = await cluster.kubectl(`-n nsm-system rollout status ${workload} --watch=false`)
        return said.includes('successfully rolled out')
      },
      { what: `${workload} is rolled out`, within: 120_000 },
    )
  await cluster.waitFor(
    async () => {
      const said = await cluster.kubectl(
        'get nodes -o jsonpath={.items[*].status.allocatable.networkservicemesh\\.io/socket}',
      )
      const counts = said.split(' ').filter(count => Number(count) > 0)
      return counts.length === cluster.nodes.length
    },
    { what: 'every node has sockets to give' },
  )
}
