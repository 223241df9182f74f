import { listAll } from '#cli/check/list-all.ts'
import type { KubeApi } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'
import { at, listAt, numberAt, textAt } from './object.ts'

/** What the pods of a workload wait for, in words; empty when all are ready. Throws as `KubeApi.call`. */
export async function waitingPods(
  api: Pick<KubeApi, 'call'>,
  {
    namespace,
    app,
    signal,
  }: { readonly namespace: string; readonly app: string; readonly signal: AbortSignal },
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${encodeURIComponent(app)}`
  const pods = await listAll(api, { path, signal })
  return pods.flatMap(pod => whyPodWaits(pod) ?? []).join('; ')
}

/** Why a pod is not ready; undefined when it is. */
export function whyPodWaits(pod: JsonObject): string | undefined {
  const conditions = listAt(pod, 'status', 'conditions')
  if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return undefined
  const where = textAt(pod, 'spec', 'nodeName')
  const called = `pod ${textAt(pod, 'metadata', 'name')}${where === '' ? '' : ` on ${where}`}`
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (unscheduled !== undefined) return `${called}: ${textAt(unscheduled, 'message')}`
  const reasons = [
    ...listAt(pod, 'status', 'initContainerStatuses'),
    ...listAt(pod, 'status', 'containerStatuses'),
  ]
    .filter(container => container['ready'] !== true)
    .flatMap(container => {
      const reason = whyContainerWaits(container)
      return reason === '' ? [] : [`${textAt(container, 'name')} ${reason}`]
    })
  return `${called}: ${reasons.length === 0 ? `is ${textAt(pod, 'status', 'phase') || 'not there yet'}` : reasons.join(', ')}`
}

function whyContainerWaits(container: JsonObject): string {
  const waiting = [
    textAt(container, 'state', 'waiting', 'reason'),
    textAt(container, 'state', 'waiting', 'message'),
  ]
  const ended = at(container, 'lastState', 'terminated') ?? at(container, 'state', 'terminated')
  const code = numberAt(ended, 'exitCode')
  const last = ended === undefined ? '' : `ended with ${code} ${textAt(ended, 'message').trim()}`
  const running = at(container, 'state', 'running') === undefined ? '' : 'runs but is not ready'
  return [waiting.filter(text => text !== '').join(': '), running, last]
    .filter(text => text !== '')
    .join(', ')
}
