import type { TestProject } from 'vitest/node'
import type { ClusterFacts } from './facts.ts'
import { foreignCluster } from './foreign-cluster.ts'
import { type RunningCluster, startCluster } from './start-cluster.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The cluster with nodes that all files of the tier share. */
    kubernetes: ClusterFacts
  }
}

let running: RunningCluster | undefined

/** Starts the cluster once for the tier, or takes the one that KUBECONFIG names. */
export async function setup(project: TestProject): Promise<void> {
  const foreign = await foreignCluster()
  if (foreign === undefined) running = await startCluster()
  project.provide('kubernetes', foreign ?? (running as RunningCluster).facts)
}

/** Ends it. */
export async function teardown(): Promise<void> {
  await running?.[Symbol.asyncDispose]()
}
