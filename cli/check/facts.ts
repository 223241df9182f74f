import type { ManagerAnswer } from '#cli/cluster/ask-managers.ts'
import type { KubeApi } from '#kube/api.ts'
import { annotationsOf } from '#kube/meta.ts'
import type { JsonObject } from '#kube/shape.ts'
import type { WorkloadKind } from '#kube/workload.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import { inheritLabel, statusAnnotation } from '#webhook/names.ts'
import { listAll } from './list-all.ts'
import { type MeshFacts, meshFactsOf } from './mesh-facts.ts'
import type {
  Configuration,
  EndpointSlice,
  KindOfWorkload,
  Node,
  Secret,
  Stored,
  StoredEvent,
  StoredPod,
} from './objects.ts'
import { once, onceEach, orUndefined } from './once.ts'
import { type Clock, readClock } from './read-clock.ts'
import { type Trial, tryPod } from './try-pod.ts'

/**
 * What the checks ask of a cluster. Each is fetched when a check first asks for it, and once. Each throws as
 * `KubeApi.call` does.
 */
export interface Facts extends MeshFacts {
  /** `nsm-webhook`; undefined when there is none. */
  readonly configuration: () => Promise<Configuration | undefined>
  /** The namespace of the webhook's Service, as the configuration says; default nsm-system. */
  readonly meshNamespace: () => Promise<string>
  /** The webhook's certificate; undefined when there is none. */
  readonly secret: () => Promise<Secret | undefined>
  /** Where the webhook's Service leads. */
  readonly endpoints: () => Promise<readonly EndpointSlice[]>
  /** All of the cluster. */
  readonly namespaces: () => Promise<readonly Stored[]>
  /** Names of the namespaces that are looked at. */
  readonly scope: () => Promise<readonly string[]>
  /** Pods that were injected, or ask, or whose namespace asks; in the scope. */
  readonly pods: () => Promise<readonly StoredPod[]>
  /** Workloads in the scope. */
  readonly workloads: () => Promise<readonly KindOfWorkload[]>
  /** Events in the scope by which controllers say that they cannot make pods. */
  readonly failures: () => Promise<readonly StoredEvent[]>
  readonly nodes: () => Promise<readonly Node[]>
  /** `v1.34.4`. */
  readonly version: () => Promise<string>
  readonly clock: () => Promise<Clock>
  /** What becomes of an annotated pod, tried without making it, and where pods are injected. */
  readonly trial: (mode: 'init' | 'sidecar') => Promise<Trial>
}

/** Where to look. */
export interface FactsOptions {
  readonly api: Pick<KubeApi, 'call'>
  /** The namespace that is looked at; undefined for all. */
  readonly namespace: string | undefined
  /** Asks the manager of each node, in the namespace of the mesh. */
  readonly askManagers: (meshNamespace: string) => Promise<readonly ManagerAnswer[]>
  readonly signal: AbortSignal
}

const kinds: readonly { readonly kind: WorkloadKind; readonly root: string; readonly resource: string }[] = [
  { kind: 'Deployment', root: '/apis/apps/v1', resource: 'deployments' },
  { kind: 'ReplicaSet', root: '/apis/apps/v1', resource: 'replicasets' },
  { kind: 'StatefulSet', root: '/apis/apps/v1', resource: 'statefulsets' },
  { kind: 'DaemonSet', root: '/apis/apps/v1', resource: 'daemonsets' },
  { kind: 'Job', root: '/apis/batch/v1', resource: 'jobs' },
  { kind: 'CronJob', root: '/apis/batch/v1', resource: 'cronjobs' },
]

/** The facts of a cluster. */
export function factsOf({ api, namespace, askManagers, signal }: FactsOptions): Facts {
  const get = (path: string) => api.call({ method: 'GET', path, signal })
  const list = (path: string) => listAll(api, { path, signal })
  const inScope = (root: string, resource: string) =>
    namespace === undefined ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`
  const facts: Facts = {
    ...meshFactsOf({ api, namespace, askManagers, signal, meshNamespace: () => facts.meshNamespace() }),
    configuration: once(() =>
      orUndefined(get('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/nsm-webhook')),
    ),
    meshNamespace: once(async () => {
      const entries = (await facts.configuration())?.webhooks ?? []
      return entries[0]?.clientConfig?.service?.namespace ?? 'nsm-system'
    }),
    secret: once(async () =>
      orUndefined(get(`/api/v1/namespaces/${await facts.meshNamespace()}/secrets/nsm-webhook-certs`)),
    ),
    endpoints: once(async () =>
      list(
        `/apis/discovery.k8s.io/v1/namespaces/${await facts.meshNamespace()}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dnsm-webhook`,
      ),
    ),
    namespaces: once(() => list('/api/v1/namespaces')),
    scope: once(async () =>
      namespace === undefined
        ? (await facts.namespaces()).map(({ metadata }) => metadata?.name ?? '')
        : [namespace],
    ),
    pods: once(async () => {
      const inheriting = (await facts.namespaces()).filter(inherits).map(({ metadata }) => metadata?.name)
      const keep = (pod: JsonObject) => isOfConcern(pod, inheriting)
      return listAll(api, { path: inScope('/api/v1', 'pods'), signal, keep })
    }),
    workloads: once(async () => {
      const lists = kinds.map(async ({ kind, root, resource }) =>
        (await list(inScope(root, resource))).map((object): KindOfWorkload => ({ kind, object })),
      )
      return (await Promise.all(lists)).flat()
    }),
    failures: once(() => list(`${inScope('/api/v1', 'events')}?fieldSelector=reason%3DFailedCreate`)),
    nodes: once(() => list('/api/v1/nodes')),
    version: once(async () => String((await get('/version'))['gitVersion'])),
    clock: once(() => readClock(api, signal)),
    trial: onceEach(async mode => {
      const excluded = ['kube-system', 'kube-public', 'kube-node-lease', await facts.meshNamespace()]
      const there = namespace === undefined || excluded.includes(namespace) ? 'default' : namespace
      return tryPod({ api, signal, mode, namespace: there })
    }),
  }
  return facts
}

function isOfConcern(pod: Stored, inheriting: readonly (string | undefined)[]): boolean {
  const annotations = annotationsOf(pod)
  const keys = [...annotationKeys, statusAnnotation]
  return keys.some(key => annotations[key] !== undefined) || inheriting.includes(pod.metadata?.namespace)
}

function inherits(namespace: Stored): boolean {
  return namespace.metadata?.labels?.[inheritLabel] === 'true'
}
