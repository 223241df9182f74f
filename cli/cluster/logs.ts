import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { listAll } from '#cli/check/list-all.ts'
import type { Cluster } from '#kube/connect-cluster.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { type LogChunk, LogChunkSchema, type LogsRequestSchema } from '#sdk/wire/gen/local/local_pb.ts'
import type { ClusterPod } from './cluster-pod.ts'

/** Programs of the mesh that have logs, by what people call them; each is a label `app=nsm-…` and a container. */
const programs: Readonly<Record<string, { readonly app: string; readonly container: string }>> = {
  manager: { app: 'nsm-manager', container: 'manager' },
  'device-plugin': { app: 'nsm-manager', container: 'device-plugin' },
  forwarder: { app: 'nsm-forwarder', container: 'forwarder' },
  webhook: { app: 'nsm-webhook', container: 'webhook' },
  issuer: { app: 'nsm-issuer', container: 'issuer' },
  capture: { app: 'nsm-capture', container: 'capture' },
}

interface LogsQuestion {
  readonly request: MessageInitShape<typeof LogsRequestSchema>
  readonly meshNamespace: string
  readonly signal: AbortSignal
}

interface Source {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/**
 * What the containers of a pod, or a program of the mesh, have written, one after the other; with follow, the last is
 * followed. `manager` means the managers of all nodes, `manager/NODE` that of one. Throws NOT_FOUND.
 */
export async function* logs(cluster: Cluster, question: LogsQuestion): AsyncGenerator<LogChunk, void> {
  const { request, signal } = question
  const sources = await sourcesOf(cluster, question)
  for (const [index, { namespace, pod, container }] of sources.entries()) {
    const query = new URLSearchParams({
      container,
      ...(request.follow === true && index === sources.length - 1 ? { follow: 'true' } : {}),
      ...(request.tail === undefined || request.tail === 0 ? {} : { tailLines: String(request.tail) }),
    })
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?${query.toString()}`
    try {
      for await (const data of cluster.read(path, signal)) yield create(LogChunkSchema, { container, data })
    } catch (thrown) {
      // A container that has not started yet has written nothing.
      if (NsmError.from(thrown).code !== 'BAD_INPUT' || sources.length === 1) throw thrown
    }
  }
}

async function sourcesOf(
  cluster: Cluster,
  { request, meshNamespace, signal }: LogsQuestion,
): Promise<readonly Source[]> {
  const { namespace = 'default', name = '', container = '' } = request
  const [called = '', node] = name.split('/')
  const program = programs[called]
  const pod = node === undefined ? await podCalled(cluster, { namespace, name, signal }) : undefined
  if (pod !== undefined) return containersOf(pod, { namespace, pod: name, container })
  if (program === undefined)
    throw new NsmError(
      'NOT_FOUND',
      `no pod ${name} in namespace ${namespace}, and no program of the mesh of that name (${Object.keys(programs).join(', ')})`,
    )
  const path = `/api/v1/namespaces/${meshNamespace}/pods?labelSelector=app%3D${program.app}`
  const all: readonly (JsonObject & ClusterPod)[] = await listAll(cluster, { path, signal })
  const pods = all.filter(({ spec }) => node === undefined || spec?.nodeName === node)
  if (pods.length === 0)
    throw new NsmError(
      'NOT_FOUND',
      `no ${called} runs ${node === undefined ? `in namespace ${meshNamespace}` : `on node ${node}`}; nodes: ${all.map(({ spec }) => spec?.nodeName ?? '?').join(', ')}`,
    )
  return pods.map(({ metadata }) => ({
    namespace: meshNamespace,
    pod: metadata?.name ?? '',
    container: program.container,
  }))
}

async function podCalled(
  cluster: Cluster,
  {
    namespace,
    name,
    signal,
  }: { readonly namespace: string; readonly name: string; readonly signal: AbortSignal },
): Promise<ClusterPod | undefined> {
  try {
    return await cluster.call({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(name)}`,
      signal,
    })
  } catch (thrown) {
    if (NsmError.from(thrown).code === 'NOT_FOUND') return undefined
    throw thrown
  }
}

function containersOf({ spec }: ClusterPod, { namespace, pod, container }: Source): readonly Source[] {
  const names = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name = '' }) => name)
  const wanted = names.filter(name => container === '' || name === container)
  if (wanted.length > 0) return wanted.map(name => ({ namespace, pod, container: name }))
  throw new NsmError('NOT_FOUND', `pod/${pod} has no container ${container}; it has ${names.join(', ')}`)
}
