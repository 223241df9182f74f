import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Plan, planDaemonSet, planDeployment, planStatefulSet, type Replica } from './plan.ts'

const replica = (name: string, fields: Partial<Replica> = {}): Replica => ({
  name,
  revision: 'new',
  node: 'node-1',
  ready: true,
  terminating: false,
  ...fields,
})
const old = { revision: 'old' }
const unready = { ready: false }

describe('planDeployment()', () => {
  const plan = (replicas: readonly Replica[], wanted: { replicas?: number; recreate?: boolean } = {}) =>
    planDeployment(
      { name: 'web', revision: 'new', replicas: 2, recreate: false, ...wanted },
      replicas,
      () => 'x',
    )

  test.each([
    { story: 'makes what is missing', replicas: [replica('a')], create: 1, remove: [], done: false },
    {
      story: 'is done when all are ready',
      replicas: [replica('a'), replica('b')],
      create: 0,
      remove: [],
      done: true,
    },
    {
      story: 'waits for the unready',
      replicas: [replica('a'), replica('b', unready)],
      create: 0,
      remove: [],
      done: false,
    },
    {
      story: 'keeps old pods until new ones are ready',
      replicas: [replica('o', old), replica('p', old)],
      create: 2,
      remove: [],
      done: false,
    },
    {
      story: 'removes one old pod for each new one that is ready, the unready first',
      replicas: [
        replica('o', old),
        replica('p', { ...old, ...unready }),
        replica('a'),
        replica('b', unready),
      ],
      create: 0,
      remove: ['p'],
      done: false,
    },
    {
      story: 'is not done while an old pod terminates',
      replicas: [replica('o', { ...old, terminating: true }), replica('a'), replica('b')],
      create: 0,
      remove: [],
      done: false,
    },
    {
      story: 'removes surplus pods',
      replicas: [replica('a'), replica('b'), replica('c', unready)],
      create: 0,
      remove: ['c'],
      done: false,
    },
  ])('$story', ({ replicas, create, remove, done }) => {
    const made = plan(replicas)
    expect({ create: made.create.length, remove: made.remove, done: made.done }).toEqual({
      create,
      remove,
      done,
    })
  })

  test('Recreate removes the old pods before it makes new ones', () => {
    const before = plan([replica('o', old)], { recreate: true })
    expect(before).toMatchObject({ create: [], remove: ['o'] })
    expect(plan([replica('o', { ...old, terminating: true })], { recreate: true }).create).toEqual([])
    expect(plan([], { recreate: true }).create).toHaveLength(2)
  })
})

describe('planStatefulSet()', () => {
  const plan = (replicas: readonly Replica[], parallel = false) =>
    planStatefulSet({ name: 'db', revision: 'new', replicas: 3, parallel }, replicas)

  test.each([
    { story: 'begins with the first', replicas: [], create: ['db-0'], remove: [] },
    {
      story: 'waits until the one before is ready',
      replicas: [replica('db-0', unready)],
      create: [],
      remove: [],
    },
    { story: 'goes on when it is', replicas: [replica('db-0')], create: ['db-1'], remove: [] },
    {
      story: 'replaces the last first',
      replicas: [0, 1, 2].map(n => replica(`db-${n}`, old)),
      create: [],
      remove: ['db-2'],
    },
    {
      story: 'replaces one at a time',
      replicas: [replica('db-0', old), replica('db-1', old), replica('db-2', { ...old, terminating: true })],
      create: [],
      remove: [],
    },
    {
      story: 'removes what is beyond the end',
      replicas: [0, 1, 2, 3].map(n => replica(`db-${n}`)),
      create: [],
      remove: ['db-3'],
    },
  ])('$story', ({ replicas, create, remove }) => {
    const made = plan(replicas)
    expect({ create: made.create.map(({ name }) => name), remove: made.remove }).toEqual({ create, remove })
  })

  test('makes all at once when the policy is Parallel', () => {
    expect(plan([], true).create).toHaveLength(3)
  })
})

describe('planDaemonSet()', () => {
  const plan = (replicas: readonly Replica[]) =>
    planDaemonSet({ name: 'agent', revision: 'new', nodes: ['node-1', 'node-2'] }, replicas, () => 'x')

  test('puts one pod on each node', () => {
    expect(plan([replica('a')]).create).toEqual([{ name: 'agent-x', node: 'node-2' }])
  })

  test('replaces an old pod after it has gone', () => {
    const second = replica('b', { node: 'node-2' })
    expect(plan([replica('a', old), second])).toMatchObject({ create: [], remove: ['a'] })
    expect(plan([second]).create).toEqual([{ name: 'agent-x', node: 'node-1' }])
  })

  test('is not done while two pods share a node', () => {
    expect(plan([replica('a'), replica('b')])).toMatchObject({ remove: ['b'], done: false })
  })
})

describe('every plan', () => {
  let count = 0
  const suffix = () => `s${(count += 1)}`
  const planners: Record<string, (replicas: readonly Replica[]) => Plan> = {
    Deployment: replicas =>
      planDeployment({ name: 'w', revision: 'new', replicas: 3, recreate: false }, replicas, suffix),
    Recreate: replicas =>
      planDeployment({ name: 'w', revision: 'new', replicas: 3, recreate: true }, replicas, suffix),
    StatefulSet: replicas =>
      planStatefulSet({ name: 'w', revision: 'new', replicas: 3, parallel: false }, replicas),
    Parallel: replicas =>
      planStatefulSet({ name: 'w', revision: 'new', replicas: 3, parallel: true }, replicas),
    DaemonSet: replicas =>
      planDaemonSet({ name: 'w', revision: 'new', nodes: ['node-1', 'node-2'] }, replicas, suffix),
  }
  const anyReplicas = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('w-0', 'w-1', 'w-2', 'w-3', 'w-4'),
      revision: fc.constantFrom('new', 'old'),
      node: fc.constantFrom('node-1', 'node-2'),
      ready: fc.boolean(),
      terminating: fc.boolean(),
    }),
    { selector: ({ name }) => name },
  )

  /** All that was asked for happens, all pods become ready, all that terminates is gone. */
  const settle = (replicas: readonly Replica[], plan: Plan): readonly Replica[] => [
    ...replicas
      .filter(({ name, terminating }) => !terminating && !plan.remove.includes(name))
      .map(item => ({ ...item, ready: true })),
    ...plan.create.map(({ name, node }) => replica(name, { ready: false, node: node ?? 'node-1' })),
  ]

  test.each(Object.keys(planners))('of a %s comes to an end from anywhere', kind => {
    const planner = planners[kind]
    if (planner === undefined) throw new Error(kind)
    fc.assert(
      fc.property(anyReplicas, start => {
        let replicas: readonly Replica[] = start
        for (let round = 0; round < 20; round += 1) {
          const plan = planner(replicas)
          if (plan.done) return plan.create.length === 0 && plan.remove.length === 0
          replicas = settle(replicas, plan)
        }
        return false
      }),
    )
  })
})
