import { inject } from 'vitest'
import type { KubeApi } from '#kube/api.ts'
import { connectApi } from '#kube/connect-api.ts'
import type { ClusterFacts } from './start-cluster.ts'

/** The real API server that the tests of this folder share. */
export interface Cluster extends ClusterFacts {
  /** As an administrator. */
  readonly api: KubeApi
  /** Makes a namespace for one test and gives its name. */
  newNamespace(prefix: string, metadata?: object): Promise<string>
}

const { signal } = new AbortController()

/** The cluster, for a test file. */
export async function useCluster(): Promise<Cluster> {
  const facts = inject('cluster')
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
