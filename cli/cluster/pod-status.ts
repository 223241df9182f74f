import type { MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import { controllerOf } from '#kube/meta.ts'
import { type ContainerState, type PodPhase, statusText } from '#local/pods/container-state.ts'
import type { PodStatusSchema } from '#sdk/wire/gen/local/local_pb.ts'
import type { ClusterContainer, ClusterContainerStatus, ClusterPod } from './cluster-pod.ts'

/** A pod of a cluster as `nsm ps` shows it: the words are kubectl's. */
export function podStatus(pod: ClusterPod): MessageInitShape<typeof PodStatusSchema> {
  const { metadata, spec, status } = pod
  const states = statesOf(pod)
  const counted = states.filter(({ role }) => role !== 'init')
  const problem = status?.conditions?.find(
    ({ type, status: holds }) => type === 'PodScheduled' && holds === 'False',
  )
  return {
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    node: spec?.nodeName ?? '',
    status: status?.reason ?? statusText(phaseOf(pod), states),
    ready: counted.filter(({ ready }) => ready).length,
    total: counted.length,
    restarts: states.reduce((sum, { restarts }) => sum + restarts, 0),
    ...(metadata?.creationTimestamp === undefined
      ? {}
      : { created: timestampFromDate(new Date(metadata.creationTimestamp)) }),
    containers: states.map((state, index) => ({
      name: state.name,
      role: state.role,
      state: state.state,
      exitCode: state.exitCode,
      restarts: state.restarts,
      message: index === 0 && problem !== undefined ? (problem.message ?? '') : state.message,
    })),
    owner: ownerOf(pod),
    labels: { ...metadata?.labels },
    annotations: { ...metadata?.annotations },
  }
}

const phases: Readonly<Record<string, PodPhase>> = {
  Running: 'Running',
  Succeeded: 'Succeeded',
  Failed: 'Failed',
}

function phaseOf({ metadata, status }: ClusterPod): PodPhase {
  if (metadata?.deletionTimestamp !== undefined) return 'Terminating'
  return phases[status?.phase ?? ''] ?? 'Pending'
}

function statesOf({ spec, status }: ClusterPod): readonly ContainerState[] {
  const started = new Map(
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(one => [
      one.name,
      one,
    ]),
  )
  const of = (container: ClusterContainer, role: ContainerState['role']) =>
    stateOf(container, role, started.get(container.name))
  return [
    ...(spec?.initContainers ?? []).map(container =>
      of(container, container.restartPolicy === 'Always' ? 'sidecar' : 'init'),
    ),
    ...(spec?.containers ?? []).map(container => of(container, 'app')),
  ]
}

function stateOf(
  { name = '' }: ClusterContainer,
  role: ContainerState['role'],
  status: ClusterContainerStatus = {},
): ContainerState {
  const { waiting, running, terminated } = status.state ?? {}
  const last = terminated ?? status.lastState?.terminated
  const state = running ? 'running' : terminated ? 'terminated' : 'waiting'
  return {
    name,
    role,
    state,
    reason: terminated?.reason ?? waiting?.reason ?? (state === 'waiting' ? 'PodInitializing' : ''),
    exitCode: last?.exitCode ?? 0,
    restarts: status.restartCount ?? 0,
    // What the last run said stands until a run succeeds; one that has ended well has nothing to say.
    message: running || last?.exitCode === 0 ? '' : (last?.message ?? waiting?.message ?? '').trim(),
    ready: status.ready ?? false,
  }
}

/** `Deployment/web` for a pod that its ReplicaSet made. */
function ownerOf(pod: ClusterPod): string {
  const controller = controllerOf(pod)
  if (controller === undefined) return ''
  const { kind = '', name = '' } = controller
  const hash = pod.metadata?.labels?.['pod-template-hash']
  if (kind === 'ReplicaSet' && hash !== undefined && name.endsWith(`-${hash}`))
    return `Deployment/${name.slice(0, -hash.length - 1)}`
  return `${kind}/${name}`
}
