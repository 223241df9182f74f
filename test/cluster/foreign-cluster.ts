import type { ClusterFacts } from './facts.ts'
import { kubectl } from './kubectl.ts'

/** Label of the namespaces that the tests have made. */
export const testLabel = 'nsm-tests'

/**
 * The cluster that KUBECONFIG names, or nothing when it names none. Throws Error when a mesh is installed there that the tests
 * have not installed: they would remove it.
 */
export async function foreignCluster(): Promise<ClusterFacts | undefined> {
  const kubeconfig = process.env['KUBECONFIG'] ?? ''
  if (kubeconfig === '') return undefined
  const facts = { kubeconfig, kubectlPath: process.env['KUBECTL'] ?? 'kubectl', nodes: [] }
  const mesh = await kubectl(facts, ['get', 'namespace', 'nsm-system', '--ignore-not-found', '-o', 'json'])
  if (mesh !== '' && !mesh.includes(`"${testLabel}"`))
    throw new Error(
      `the cluster of ${kubeconfig} has a mesh already, which these tests would remove; unset KUBECONFIG, or uninstall it first`,
    )
  const names = await kubectl(facts, ['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}'])
  process.stdout.write(
    `tests use the cluster of ${kubeconfig} with the nodes ${names}; tests that break nodes or look into them are skipped\n`,
  )
  return { ...facts, nodes: names.split(' ') }
}
