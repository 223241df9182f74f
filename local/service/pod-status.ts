import type { MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import { type ContainerState, statusText } from '#local/pods/container-state.ts'
import type { Pod } from '#local/pods/pod.ts'
import type { PodStatusSchema } from '#sdk/wire/gen/local/local_pb.ts'

/** A pod as `nsm ps` shows it. */
export function podStatus(pod: Pod): MessageInitShape<typeof PodStatusSchema> {
  const { metadata } = pod.object
  const states = pod.states
  const counted = states.filter(({ role }) => role !== 'init')
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: pod.uid,
    node: pod.node,
    status: statusText(pod.phase, states),
    ready: counted.filter(({ ready }) => ready).length,
    total: counted.length,
    restarts: states.reduce((sum, { restarts }) => sum + restarts, 0),
    created: timestampFromDate(pod.created),
    containers: states.map((state, index) => ({
      ...state,
      message: index === 0 && pod.problem !== '' ? pod.problem : state.message,
    })),
    owner: pod.owner?.shown ?? '',
    labels: { ...metadata.labels },
    annotations: { ...metadata.annotations },
  }
}

/** What a pod that is not ready waits for: `Init:0/1 nsm-init: no endpoint of ...`. */
export function waitingText(pod: Pod): string {
  const states = pod.states
  const status = statusText(pod.phase, states)
  const words = pod.problem === '' ? detailOf(states) : pod.problem
  return words === '' ? status : `${status} ${words}`
}

function detailOf(states: readonly ContainerState[]): string {
  const open = states.find(({ role, state, exitCode, ready }) =>
    role === 'init' ? !(state === 'terminated' && exitCode === 0) : !ready,
  )
  if (open === undefined || (open.state === 'waiting' && open.message === '')) return ''
  // Our own programs begin their lines with their name, which is the container's too.
  const words = open.message.startsWith(`${open.name}: `)
    ? open.message.slice(open.name.length + 2)
    : open.message
  return words === '' ? open.name : `${open.name}: ${words}`
}
