import type { TestProject } from 'vitest/node'
import { type ClusterFacts, type RunningCluster, startCluster } from './start-cluster.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The cluster that all files of the tier share. */
    cluster: ClusterFacts
  }
}

let running: RunningCluster | undefined

/** Starts the cluster once for the tier. */
export async function setup(project: TestProject): Promise<void> {
  running = await startCluster()
  project.provide('cluster', running.facts)
}

/** Ends it. */
export async function teardown(): Promise<void> {
  await running?.[Symbol.asyncDispose]()
}
