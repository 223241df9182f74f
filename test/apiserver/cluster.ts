import { afterAll } from 'vitest'
import type { KubeApi } from '#kube/api.ts'
import { connectApi } from '#kube/connect-api.ts'
import { type ClusterFacts, startCluster } from './start-cluster.ts'

/** The real API server of a test file, and nobody else's: what one file leaves would be another's surprise. */
export interface Cluster extends ClusterFacts {
  /** As an administrator. */
  readonly api: KubeApi
  /** Makes a namespace for one test and gives its name. */
  newNamespace(prefix: string, metadata?: object): Promise<string>
}

const { signal } = new AbortController()

/** Starts the cluster of a test file, which ends after its last test. */
export async function useCluster(): Promise<Cluster> {
  const running = await startCluster()
  afterAll(() => running[Symbol.asyncDispose]())
  const { facts } = running
  const api = await connectApi({ server: facts.server, ca: facts.ca, token: facts.adminToken })
  return {
    ...facts,
    api,
    async newNamespace(prefix, metadata = {}) {
      const body = {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { ...metadata, generateName: `${prefix}-` },
      }
      const made = await api.call({ method: 'POST', path: '/api/v1/namespaces', body, signal })
      return (made['metadata'] as { name: string }).name
    },
  }
}
