import { describe, expect, it } from 'vitest'
import { inParallel } from './in-parallel.ts'

describe('inParallel()', () => {
  it('works on a few at a time, and keeps the order', async () => {
    let running = 0
    let most = 0
    const results = await inParallel([5, 1, 3, 2, 4], 2, async item => {
      running += 1
      most = Math.max(most, running)
      for (let turn = 0; turn < item; turn += 1) await Promise.resolve()
      running -= 1
      return item * 10
    })
    expect({ results, most }).toEqual({ results: [50, 10, 30, 20, 40], most: 2 })
  })

  it.each([[[]], [[1]]])('takes %j', async items => {
    expect(await inParallel(items, 16, async item => item)).toEqual(items)
  })

  it('fails as its work does', async () => {
    await expect(inParallel([1], 2, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  })
})
