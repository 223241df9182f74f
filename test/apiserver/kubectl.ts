import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ClusterFacts } from './start-cluster.ts'

/** Runs kubectl as the administrator, with its caches in the cluster's folder; what it prints, or an Error. */
export async function kubectl(
  { folder, binaries }: ClusterFacts,
  args: readonly string[],
  input = '',
): Promise<string> {
  const child = spawn(binaries.kubectl, ['--kubeconfig', join(folder, 'admin.kubeconfig'), ...args], {
    env: { ...process.env, HOME: folder, KUBECONFIG: '' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${String(code)}: ${stderr}`)
  return `${stdout}${stderr}`
}
