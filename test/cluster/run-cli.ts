import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ClusterFacts } from './facts.ts'

/** How a command ended. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the bundled `nsm` as a user does whose environment names the cluster; a failure is no error here. */
export async function runCli({ kubeconfig }: ClusterFacts, args: string): Promise<Ended> {
  const env = { ...process.env, KUBECONFIG: kubeconfig, NSM_MESH: undefined }
  const limits = { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 }
  try {
    const argv = ['dist/cli.js', ...args.split(' ')]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, argv, { env, ...limits })
    return { code: 0, out: stdout, err: stderr }
  } catch (thrown) {
    const failed = thrown as { readonly code: number; readonly stdout: string; readonly stderr: string }
    return { code: failed.code, out: failed.stdout, err: failed.stderr }
  }
}
