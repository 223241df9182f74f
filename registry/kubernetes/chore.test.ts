import { expect, it, vi } from 'vitest'
import { Chore } from './chore.ts'

it('a chore is done once more for what was asked while it was done, and again after a failure', async () => {
  const done: string[] = []
  const failed = vi.fn<(thrown: unknown) => void>()
  let fails = 2
  await using chore = new Chore({
    work: async () => {
      if (fails > 0) {
        fails -= 1
        throw new Error('not yet')
      }
      if (done.length === 0) chore.ask()
      done.push('done')
    },
    failed,
  })
  chore.ask()
  await vi.waitFor(() => expect(done).toHaveLength(2), { timeout: 10_000 })
  expect(failed).toHaveBeenCalledTimes(1)
})
