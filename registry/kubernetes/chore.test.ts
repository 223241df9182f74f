import { expect, it, vi } from 'vitest'
import { KubeApiError } from '#kube/api.ts'
import { Chore } from './chore.ts'
import { askUntil } from './writes.ts'

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

it('a chore is done within 10 s of an outage of 30 s, and asks seldom meanwhile', async () => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0.999)
  try {
    const begun = Date.now()
    const asked: number[] = []
    // After the outage the server refuses for two seconds more.
    const api = {
      call: async () => {
        const at = Date.now() - begun
        asked.push(at)
        if (at < 32_000) throw new KubeApiError({ status: at < 30_000 ? 0 : 503, reason: '' }, 'no')
        return {}
      },
    }
    const ask = askUntil(api, new AbortController().signal)
    const work = async () => void (await ask({ method: 'GET', path: '/x' }))
    await using chore = new Chore({ work, failed: () => undefined })
    chore.ask()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked.at(-1)).toBeGreaterThanOrEqual(32_000)
    expect(asked.at(-1)).toBeLessThan(42_000)
    expect(asked.length).toBeLessThan(15)
  } finally {
    vi.useRealTimers()
    vi.restoreAllMocks()
  }
})
