import { expect, test } from 'vitest'
import { limit } from './limit.ts'

test('limit() runs at most so many at a time, in order, and goes on after a failure', async () => {
  const limited = limit(2)
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const started: number[] = []
  const results = gates.map((gate, at) => {
    const run = () => {
      started.push(at)
      return gate.promise
    }
    return limited(run).catch(() => 'failed')
  })
  expect(started).toEqual([0, 1])
  gates[1]?.reject(new Error('no'))
  await results[1]
  gates[0]?.resolve(0)
  await results[0]
  for (const at of [2, 3, 4]) gates[at]?.resolve(at)
  expect(await Promise.all(results)).toEqual([0, 'failed', 2, 3, 4])
  expect(started).toEqual([0, 1, 2, 3, 4])
})
