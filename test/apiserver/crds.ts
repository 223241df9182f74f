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

/** Takes away what other files have left of a mesh, so that a file can install one. Needs running controllers. */
export async function removeMesh(cluster: Cluster): Promise<void> {
  const names = ['networkservices', 'networkserviceendpoints', 'networkservicemanagers']
  const gone = ['--ignore-not-found', '--timeout=30s']
  await kubectl(cluster, ['delete', 'crd', ...names.map(name => `${name}.networkservicemesh.io`), ...gone])
  await kubectl(cluster, ['delete', 'namespace', 'nsm-system', ...gone])
}
