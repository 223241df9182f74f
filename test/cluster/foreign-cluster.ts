import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterFacts } from './facts.ts'
import { temporaryFolder } from './folder.ts'
import { kubectl } from './kubectl.ts'
import { run } from './space.ts'

/** Label of the namespaces that the tests have made. */
export const testLabel = 'nsm-tests'

/**
 * The cluster that KUBECONFIG names, or nothing when it names none. Throws Error when it cannot be reached, or when a mesh is installed
 * there that the tests have not installed: they would remove it.
 */
export async function foreignCluster(): Promise<ClusterFacts | undefined> {
  const given = process.env['KUBECONFIG'] ?? ''
  if (given === '') return undefined
  const kubectlPath = process.env['KUBECTL'] ?? 'kubectl'
  const facts = { kubeconfig: await pinned(kubectlPath), kubectlPath, nodes: [] }
  const mesh = await kubectl(facts, ['get', 'namespace', 'nsm-system', '--ignore-not-found', '-o', 'json'])
  if (mesh !== '' && !mesh.includes(`"${testLabel}"`))
    throw new Error(
      `the cluster of ${given} has a mesh already, which these tests would remove; unset KUBECONFIG, or uninstall it first`,
    )
  const names = await kubectl(facts, ['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}'])
  process.stdout.write(
    `tests use the cluster of ${given} with the nodes ${names}; tests that break nodes or look into them are skipped, and the mesh stays there afterwards: nsm uninstall\n`,
  )
  return { ...facts, nodes: names.split(' ') }
}

/**
 * One file with the current context alone, out of the list of files that KUBECONFIG may be: whoever changes the context meanwhile must not
 * have the tests go on in another cluster. It is gone with this process.
 */
async function pinned(kubectlPath: string): Promise<string> {
  const done = await run(undefined, [kubectlPath, 'config', 'view', '--raw', '--flatten', '--minify'])
  if (done.code !== 0) throw new Error(`KUBECONFIG names no cluster to test on: ${done.stderr}`)
  const { path } = await temporaryFolder()
  process.once('exit', () => rmSync(path, { recursive: true, force: true }))
  const file = join(path, 'kubeconfig')
  writeFileSync(file, done.stdout, { mode: 0o600 })
  return file
}
