import { controllerOf, describeObject } from '#kube/meta.ts'
import type { Check, Finding } from './check.ts'
import type { KindOfWorkload, StoredEvent } from './objects.ts'

/** Whether controllers fail to make pods because of the mesh. */
export const stuck: Check = {
  id: 'stuck-workloads',
  what: 'no controller fails to make pods because of the webhook',
  find: async facts => {
    const [workloads, failures] = await Promise.all([facts.workloads(), facts.failures()])
    return judgeStuck(workloads, failures)
  },
}

/** Judges workloads that lack pods by what their conditions and the Events about them say; one finding for each. */
export function judgeStuck(
  workloads: readonly KindOfWorkload[],
  failures: readonly StoredEvent[],
): readonly Finding[] {
  return workloads.flatMap(workload => {
    if (!lacksPods(workload)) return []
    const words = [...conditionsOf(workload), ...eventsAbout(workload, failures)]
    // The last Event is the newest; a condition is of now.
    const found = words.findLast(isOurs)
    return found === undefined ? [] : [findingOf(workload, found.replaceAll(/\s+/g, ' '))]
  })
}

function lacksPods({ kind, object }: KindOfWorkload): boolean {
  const { spec, status } = object
  if (kind === 'ReplicaSet' || kind === 'StatefulSet') return (status?.replicas ?? 0) < (spec?.replicas ?? 1)
  if (kind === 'DaemonSet')
    return (status?.currentNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 0)
  if (kind !== 'Job') return false
  const ended = (status?.conditions ?? []).some(
    ({ type = '', status: holds }) => ['Complete', 'Failed', 'Suspended'].includes(type) && holds === 'True',
  )
  return !ended && (status?.active ?? 0) === 0
}

function conditionsOf({ object }: KindOfWorkload): readonly string[] {
  return (object.status?.conditions ?? []).flatMap(({ type, status, message = '' }) =>
    type === 'ReplicaFailure' && status === 'True' ? [message] : [],
  )
}

function eventsAbout({ kind, object }: KindOfWorkload, failures: readonly StoredEvent[]): readonly string[] {
  return failures.flatMap(({ reason, message = '', involvedObject: about }) => {
    const same =
      about?.kind === kind &&
      about.name === object.metadata?.name &&
      about.namespace === object.metadata?.namespace
    return same && reason === 'FailedCreate' ? [message] : []
  })
}

/** A refusal names the webhook or our documentation; Pod Security names the container. */
function isOurs(message: string): boolean {
  return /webhook "[^"]*networkservicemesh\.io"|docs\/errors\.md#|violates PodSecurity.*"nsm-(init|sidecar)"/s.test(
    message,
  )
}

function findingOf(workload: KindOfWorkload, message: string): Finding {
  const { kind, object } = workload
  const described = describeObject(object, kind)
  const refusal = /denied the request: (.*)$/.exec(message)?.[1]
  const made = controllerOf(object)
  const source = made === undefined ? described : `${made.kind} ${object.metadata?.namespace}/${made.name}`
  if (refusal !== undefined)
    return {
      severity: 'error',
      object: described,
      finding: `cannot make pods, the webhook refuses them: ${refusal}`,
      remedy: `correct the annotations of ${source} and of its pod template`,
    }
  return {
    severity: 'error',
    object: described,
    finding: `cannot make pods: ${message}`,
    remedy: message.includes('violates PodSecurity')
      ? 'see the row of pod-security'
      : 'see the rows of webhook-endpoints and injection; the controller tries again by itself',
  }
}
