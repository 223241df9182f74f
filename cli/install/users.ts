import { isInjected } from '#cli/check/is-injected.ts'
import { listAll } from '#cli/check/list-all.ts'
import { type Pod, readPod } from '#kube/pod.ts'
import type { JsonObject } from '#kube/shape.ts'
import { socketResource } from '#webhook/names.ts'
import type { Target } from './apply.ts'
import { at, listAt, textAt } from './object.ts'
import { type Step, step } from './step.ts'

/** The pods that live and use the mesh: injected ones, and those that hold a socket of it. Throws as `KubeApi.call`. */
export async function podsThatUse({ api, signal }: Pick<Target, 'api' | 'signal'>): Promise<readonly Step[]> {
  const pods = await listAll(api, { path: '/api/v1/pods', signal, keep: uses })
  return pods.map(pod => {
    const { namespace = '', name = '' } = readPod(pod).metadata ?? {}
    const node = textAt(pod, 'spec', 'nodeName')
    return step(
      `pod/${namespace}/${name}`,
      'refused',
      `uses the mesh${node === '' ? '' : ` on ${node}`}, and would lose its links`,
    )
  })
}

function uses(object: JsonObject): boolean {
  if (['Succeeded', 'Failed'].includes(textAt(object, 'status', 'phase'))) return false
  const pod = readPod(object)
  return isInjected(pod) || holdsSocket(pod)
}

function holdsSocket(pod: Pod): boolean {
  return [...listAt(pod, 'spec', 'initContainers'), ...listAt(pod, 'spec', 'containers')].some(
    container => at(container, 'resources', 'limits', socketResource) !== undefined,
  )
}
