import type { V1CronJob, V1Deployment, V1Pod } from '@kubernetes/client-node'
import { describe, expectTypeOf, it } from 'vitest'
import type { Pod } from './pod.ts'
import type { Workload } from './workload.ts'

describe('our Kubernetes types', () => {
  it('hold for every object of the official ones', () => {
    expectTypeOf<V1Pod>().toExtend<Pod>()
    expectTypeOf<V1Deployment | V1CronJob>().toExtend<Workload>()
  })
})
