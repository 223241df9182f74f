import { expect, test } from 'vitest'
import { Queue } from './queue.ts'

test('Queue gives what was pushed before and while it is read, in order, and then ends', async () => {
  const queue = new Queue<number>()
  queue.push(1)
  const read = Array.fromAsync(queue)
  queue.push(2)
  await Promise.resolve()
  queue.push(3)
  queue.end()
  expect(await read).toEqual([1, 2, 3])
})
