import type { Cluster } from './cluster.ts'
import { run } from './space.ts'

/** Runs the bundled command as the administrator of the cluster; what it prints, or an Error with what it says. */
export async function nsm(
  { kubeconfig }: Pick<Cluster, 'kubeconfig'>,
  args: readonly string[],
): Promise<string> {
  const done = await run(undefined, [process.execPath, 'dist/cli.js', ...args, '--kubeconfig', kubeconfig])
  if (done.code !== 0)
    throw new Error(`nsm ${args.join(' ')} ended with ${String(done.code)}: ${done.stderr}`)
  return `${done.stdout}${done.stderr}`
}
