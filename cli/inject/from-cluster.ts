import type { KubeApi } from '#kube/api.ts'
import type { KubeObject } from '#kube/meta.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import type { FoundObject } from './pod-places.ts'

/** An object of a cluster, by name. */
export interface Named {
  readonly kind: string
  /** `/apis/apps/v1`. */
  readonly root: string
  readonly resource: string
  readonly name: string
}

/** An object of a cluster, and its namespace. */
export interface Fetched {
  readonly found: FoundObject
  readonly namespace: KubeObject
  /** Entries of the webhook's configuration by name, and what the API server does without their answer; undefined when it cannot be read. */
  readonly installed: ReadonlyMap<string, string> | undefined
}

const kinds: readonly (Omit<Named, 'name'> & { readonly names: readonly string[] })[] = [
  { kind: 'Pod', root: '/api/v1', resource: 'pods', names: ['pod', 'po'] },
  {
    kind: 'ReplicationController',
    root: '/api/v1',
    resource: 'replicationcontrollers',
    names: ['rc', 'replicationcontroller'],
  },
  { kind: 'Deployment', root: '/apis/apps/v1', resource: 'deployments', names: ['deploy', 'deployment'] },
  { kind: 'StatefulSet', root: '/apis/apps/v1', resource: 'statefulsets', names: ['sts', 'statefulset'] },
  { kind: 'DaemonSet', root: '/apis/apps/v1', resource: 'daemonsets', names: ['ds', 'daemonset'] },
  { kind: 'ReplicaSet', root: '/apis/apps/v1', resource: 'replicasets', names: ['rs', 'replicaset'] },
  { kind: 'Job', root: '/apis/batch/v1', resource: 'jobs', names: ['job'] },
  { kind: 'CronJob', root: '/apis/batch/v1', resource: 'cronjobs', names: ['cj', 'cronjob'] },
]

/** What `pod/NAME`, `deploy/NAME` or a bare pod's name means. Throws BAD_USAGE for a kind that makes no pods. */
export function namedObject(target: string): Named {
  const [first = '', second] = target.split('/')
  const [word, name] = second === undefined ? ['pod', first] : [first.toLowerCase(), second]
  const found = kinds.find(({ names, resource }) => names.includes(word) || resource === word)
  if (found === undefined || !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name))
    throw new NsmError(
      'BAD_USAGE',
      `${target}: neither a file nor the name of a pod or a workload, as web, pod/web or deploy/web`,
    )
  return { kind: found.kind, root: found.root, resource: found.resource, name }
}

/** Reads an object, its namespace and the webhook's configuration. Throws as `KubeApi.call` does. */
export async function fetchObject(
  api: Pick<KubeApi, 'call'>,
  { target, namespace }: { readonly target: Named; readonly namespace: string },
  signal: AbortSignal,
): Promise<Fetched> {
  const get = (path: string) => api.call({ method: 'GET', path, signal })
  const [value, around, configuration] = await Promise.all([
    get(`${target.root}/namespaces/${namespace}/${target.resource}/${target.name}`),
    get(`/api/v1/namespaces/${namespace}`),
    get('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/nsm-webhook').catch(orNothing),
  ])
  return {
    found: { kind: target.kind, value, path: [] },
    namespace: { metadata: isObject(around['metadata']) ? around['metadata'] : {} },
    installed: configuration === undefined ? undefined : installedIn(configuration),
  }
}

/** A cluster without the webhook has no entries; a reader who may not see them does not know. */
function orNothing(thrown: unknown): JsonObject | undefined {
  const error = NsmError.from(thrown)
  if (error.code === 'NOT_FOUND') return {}
  if (error.code === 'DENIED') return undefined
  throw error
}

function installedIn(configuration: JsonObject): ReadonlyMap<string, string> {
  const { webhooks } = configuration
  const entries: readonly unknown[] = Array.isArray(webhooks) ? webhooks : []
  return new Map(
    entries.filter(isObject).flatMap(({ name, failurePolicy }) => {
      if (typeof name !== 'string') return []
      return [[name.split('.')[0] ?? '', typeof failurePolicy === 'string' ? failurePolicy : 'Fail'] as const]
    }),
  )
}
