import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kubectl } from './kubectl.ts'
import type { ClusterFacts } from './start-cluster.ts'

/** Runs the bundled command as the administrator, or as who has the token; rejects as `execFile` does. */
export async function nsm(
  cluster: ClusterFacts,
  args: readonly string[],
  as: { readonly token?: string } = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { folder } = cluster
  const kubeconfig =
    as.token === undefined ? join(folder, 'admin.kubeconfig') : await kubeconfigOf(cluster, as.token)
  return promisify(execFile)(process.execPath, ['dist/cli.js', ...args], {
    env: { ...process.env, KUBECONFIG: kubeconfig, HOME: folder },
  })
}

async function kubeconfigOf(cluster: ClusterFacts, token: string): Promise<string> {
  const text = await kubectl(cluster, ['config', 'view', '--raw', '--flatten'])
  const file = join(cluster.folder, 'other.kubeconfig')
  await writeFile(file, text.replace(/token: .*/, `token: ${token}`))
  return file
}
