import type { ManagerAnswer } from '#cli/cluster/ask-managers.ts'
import type { ClusterPod } from '#cli/cluster/cluster-pod.ts'
import { isAlive } from '#cli/cluster/is-alive.ts'
import type { KubeApi } from '#kube/api.ts'
import { NsmError } from '#sdk/errors.ts'
import { type CniPort, cniPorts } from './cni-ports.ts'
import { listAll, metadataList } from './list-all.ts'
import type { ConfigMap, Definition, EndpointSlice, Lease, Stored } from './objects.ts'
import { once, orUndefined } from './once.ts'

/** What the checks ask of the mesh's own programs and objects, as `Facts`. */
export interface MeshFacts {
  /** By name; undefined for one that does not exist. */
  readonly definitions: () => Promise<ReadonlyMap<string, Definition | undefined>>
  /** The pods of the mesh's programs, without those that go: a rollout is over before the last old pod has. */
  readonly programs: () => Promise<readonly ClusterPod[]>
  /** What the manager of each node says of itself. */
  readonly managers: () => Promise<readonly ManagerAnswer[]>
  /** The Leases of managers. */
  readonly leases: () => Promise<readonly Lease[]>
  /** Endpoints of the whole cluster, metadata alone. */
  readonly networkEndpoints: () => Promise<readonly Stored[]>
  /** Pods of the namespaces that have endpoints, metadata alone. */
  readonly endpointPods: () => Promise<readonly Stored[]>
  /** The bundle of the managers' certificates. */
  readonly authorities: () => Promise<ConfigMap | undefined>
  /** Where the Service of the issuer leads. */
  readonly issuers: () => Promise<readonly EndpointSlice[]>
  /** NetworkPolicies in the scope, metadata alone. */
  readonly policies: () => Promise<readonly Stored[]>
  /** UDP ports of tunnels of known network plug-ins. */
  readonly cniPorts: () => Promise<readonly CniPort[]>
}

/** The group of the custom resources. */
export const group = 'networkservicemesh.io'

/** Plural names of the custom resources. */
export const plurals = ['networkservices', 'networkserviceendpoints', 'networkservicemanagers'] as const

/** Where to look. */
interface MeshFactsOptions {
  readonly api: Pick<KubeApi, 'call'>
  readonly meshNamespace: () => Promise<string>
  /** The namespace that is looked at; undefined for all. */
  readonly namespace: string | undefined
  readonly askManagers: (meshNamespace: string) => Promise<readonly ManagerAnswer[]>
  readonly signal: AbortSignal
}

/** The facts of the mesh of a cluster. */
export function meshFactsOf({
  api,
  meshNamespace,
  namespace,
  askManagers,
  signal,
}: MeshFactsOptions): MeshFacts {
  const get = (path: string) => api.call({ method: 'GET', path, signal })
  const list = (path: string) => listAll(api, { path, signal })
  const metadata = (path: string) => listAll(api, { path, signal, accept: metadataList })
  const own = async (root: string, resource: string) =>
    `${root}/namespaces/${await meshNamespace()}/${resource}`
  const facts: MeshFacts = {
    definitions: once(async () => {
      const entries = plurals.map(async plural => {
        const name = `${plural}.${group}`
        const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`
        return [name, await orUndefined(get(path))] as const
      })
      return new Map<string, Definition | undefined>(await Promise.all(entries))
    }),
    programs: once(async () => {
      const pods: readonly ClusterPod[] = await list(
        await own('/api/v1', 'pods?labelSelector=app.kubernetes.io%2Fpart-of%3Dnsm'),
      )
      return pods.filter(isAlive)
    }),
    managers: once(async () => await askManagers(await meshNamespace())),
    leases: once(async () =>
      list(await own('/apis/coordination.k8s.io/v1', `leases?labelSelector=networkservicemesh.io%2Fmanager`)),
    ),
    networkEndpoints: once(async () => {
      try {
        return await metadata(`/apis/${group}/v1/networkserviceendpoints`)
      } catch (thrown) {
        // The definition is missing, of which another check tells.
        if (NsmError.from(thrown).code === 'NOT_FOUND') return []
        throw thrown
      }
    }),
    endpointPods: once(async () => {
      const namespaces = new Set(
        (await facts.networkEndpoints()).map(({ metadata: of }) => of?.namespace ?? ''),
      )
      const lists = [...namespaces].map(name => metadata(`/api/v1/namespaces/${name}/pods`))
      return (await Promise.all(lists)).flat()
    }),
    authorities: once(async () => orUndefined(get(await own('/api/v1', 'configmaps/nsm-authorities')))),
    issuers: once(async () =>
      list(
        await own(
          '/apis/discovery.k8s.io/v1',
          'endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dnsm-issuer',
        ),
      ),
    ),
    policies: once(() => {
      const root = '/apis/networking.k8s.io/v1'
      return metadata(
        namespace === undefined
          ? `${root}/networkpolicies`
          : `${root}/namespaces/${namespace}/networkpolicies`,
      )
    }),
    cniPorts: once(() => cniPorts(path => orUndefined(get(path)))),
  }
  return facts
}
