import { dirname } from 'node:path'
import type { ClusterFacts } from './facts.ts'
import { run } from './space.ts'

/** What kubectl is given besides its arguments. */
export interface KubectlOptions {
  /** Standard input. */
  readonly input?: string
}

/** Runs kubectl as the administrator; what it prints, or an Error with what it says. */
export async function kubectl(
  { kubectlPath, kubeconfig }: ClusterFacts,
  args: readonly string[],
  { input = '' }: KubectlOptions = {},
): Promise<string> {
  const cache = `--cache-dir=${dirname(kubeconfig)}/kubectl-cache`
  const done = await run(undefined, [kubectlPath, `--kubeconfig=${kubeconfig}`, cache, ...args], input)
  if (done.code !== 0)
    throw new Error(`kubectl ${args.join(' ')} ended with ${String(done.code)}: ${done.stderr}${done.stdout}`)
  return done.stdout
}
