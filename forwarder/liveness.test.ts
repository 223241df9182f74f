import { beforeEach, expect, test } from 'vitest'
import { apply } from '#kernel/apply.ts'
import { KernelError } from '#kernel/errors.ts'
import { FakeKernel } from '#kernel/fake.ts'
import type { NetnsName } from '#kernel/link-plan.ts'
import type { KernelEvent } from '#kernel/port.ts'
import { type Log, silent } from '#sdk/log.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { CrossConnects } from './cross-connects.ts'
import { exampleCrossConnect } from './example.ts'
import { newLiveness } from './liveness.ts'
import { planLinks } from './plan.ts'

let kernel: FakeKernel
let crossConnects: CrossConnects
let endpoint: NetnsName
let warnings: string[]

beforeEach(async () => {
  kernel = new FakeKernel()
  crossConnects = new CrossConnects()
  warnings = []
  endpoint = kernel.addNetns()
  const crossConnect = exampleCrossConnect({
    source: { name: 'nsm0', netns: kernel.addNetns() },
    destination: { name: 'nse0', netns: endpoint },
  })
  await apply(kernel, planLinks(crossConnect), new AbortController().signal)
  crossConnects.put({ crossConnect })
})

async function follow(...events: readonly KernelEvent[]): Promise<void> {
  const log: Log = { ...silent, warn: (_fields, message) => void warnings.push(message) }
  await newLiveness({ kernel, crossConnects, verdicts: new Map(), log }).follow(
    (async function* () {
      yield* events
    })(),
  )
}

test('follow() looks at all cross connects when events were lost', async () => {
  kernel.removeNetns(endpoint)
  await follow({ type: 'resync' })
  expect(crossConnects.get('x1')?.destination?.state).toBe(State.DOWN)
})

test('follow() is not deceived by the death of a namespace that lives', async () => {
  await follow({ type: 'netns.gone', netns: endpoint.cookie })
  expect(crossConnects.get('x1')?.destination?.state).toBe(State.UP)
})

test('follow() goes on, and says so, when the kernel refuses a look', async () => {
  kernel.refuse('open', new KernelError('opening a namespace', { errno: 24, syscall: 'open' }))
  kernel.removeNetns(endpoint)
  await follow({ type: 'resync' }, { type: 'resync' })
  expect(warnings).toEqual(['looking at the ends of a cross connect failed'])
  expect(crossConnects.get('x1')?.destination?.state).toBe(State.DOWN)
})
