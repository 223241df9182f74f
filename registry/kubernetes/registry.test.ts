import { KubeApiError } from '#kube/api.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { describeKubernetesRegistry } from './registry.contract.ts'

describeKubernetesRegistry('custom resources in memory', async () => {
  const api = fakeApi()
  let isAway = false
  return {
    api,
    managers: {
      call: async call => {
        if (isAway)
          throw new KubeApiError({ status: 0, reason: '' }, `${call.method} ${call.path}: it is away`)
        return await api.call(call)
      },
      watch: options => api.watch(options),
    },
    away: async work => {
      isAway = true
      await api.cutOff(work)
      isAway = false
    },
  }
})
