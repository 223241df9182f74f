import type { Cluster } from './cluster.ts'
import { kubectl } from './kubectl.ts'

/** Installs the custom resources of the manifests, and returns when they are served. */
export async function installCrds(cluster: Cluster): Promise<void> {
  const applied = await kubectl(cluster, [
    'apply',
    '--server-side',
    '-o',
    'name',
    '-k',
    'manifests/base/crds',
  ])
  const names = applied.trim().split('\n')
  await kubectl(cluster, ['wait', '--for=condition=Established', '--timeout=30s', ...names])
}
