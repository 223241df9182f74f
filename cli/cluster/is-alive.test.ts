import { expect, it } from 'vitest'
import { isAlive } from './is-alive.ts'

it.each([
  { name: 'runs', status: { phase: 'Running' }, alive: true },
  { name: 'waits for a node', status: { phase: 'Pending' }, alive: true },
  { name: 'has no status yet', alive: true },
  { name: 'has succeeded', status: { phase: 'Succeeded' }, alive: false },
  { name: 'was evicted', status: { phase: 'Failed', reason: 'Evicted' }, alive: false },
  {
    name: 'runs until its grace period is over',
    metadata: { deletionTimestamp: '2026-01-02T00:00:00Z' },
    status: { phase: 'Running' },
    alive: false,
  },
])('a pod that $name: $alive', ({ alive, ...pod }) => {
  expect(isAlive(pod)).toBe(alive)
})
