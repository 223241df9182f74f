import { listAll } from '#cli/check/list-all.ts'
import type { JsonObject } from '#kube/shape.ts'
import type { Target } from './apply.ts'
import { listAt, textAt } from './object.ts'
import { beginRemoval } from './remove.ts'

/**
 * Makes the API server forget pods of a namespace whose nodes do not answer: nobody else would ever say that they have ended.
 * What runs there is ended by kubelet when it is back.
 */
export async function forgetLostPods(target: Target, namespace: string): Promise<void> {
  const { api, signal } = target
  const lost = await listAll(api, { path: '/api/v1/nodes', signal, keep: node => !isReady(node) })
  const names = new Set(lost.map(node => textAt(node, 'metadata', 'name')))
  if (names.size === 0) return
  const path = `/api/v1/namespaces/${namespace}/pods`
  const pods = await listAll(api, { path, signal, keep: pod => names.has(textAt(pod, 'spec', 'nodeName')) })
  for (const pod of pods)
    await beginRemoval(target, `${path}/${textAt(pod, 'metadata', 'name')}`, { gracePeriodSeconds: 0 })
}

function isReady(node: JsonObject): boolean {
  return listAt(node, 'status', 'conditions').some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  )
}
