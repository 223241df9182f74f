import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { KubeApiError } from '#kube/api.ts'
import { type Wire, watch } from '#kube/watch.ts'
import { silent } from '#sdk/log.ts'
import { NodePods } from './node-pods.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('a pod that calls is known at once after an outage, though the watch would have waited longer', async () => {
  let isAway = true
  const answer = () => {
    if (isAway) throw new KubeApiError({ status: 0, reason: '' }, 'away')
    return { kind: 'PodList', metadata: { resourceVersion: '1' }, items: [pod] }
  }
  const wire: Wire = {
    list: async () => answer(),
    async *stream({ signal }) {
      yield { type: 'BOOKMARK', object: { metadata: { resourceVersion: '2' } } }
      await new Promise(resolve => {
        signal.addEventListener('abort', resolve)
      })
    },
  }
  const api = { watch: (options: Parameters<typeof watch>[1]) => watch(wire, options) }
  await using pods = new NodePods({ api, node: 'node-1', log: silent })
  await vi.advanceTimersByTimeAsync(30_000)
  isAway = false
  const known = pods.known(['u1'], AbortSignal.any([]))
  await vi.advanceTimersByTimeAsync(1_000)
  await expect(known).resolves.toMatchObject([{ uid: 'u1', name: 'web' }])
})

const pod = {
  metadata: { name: 'web', namespace: 'default', uid: 'u1' },
  spec: { nodeName: 'node-1' },
  status: { phase: 'Pending' },
}
