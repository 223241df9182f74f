import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Mending } from './mending.ts'
import type { Wired } from './request.ts'

const wired = { id: 'a' } as Wired

describe('a broken connection', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const times = { pauses: { first: 100, most: 1000 }, quietMs: 5000 }
  const attempts: string[] = []
  const newMending = () => {
    attempts.length = 0
    return new Mending(async (_, why) => void attempts.push(why), times)
  }

  it('is mended at once, and then after pauses that grow to a bound', () => {
    using mending = newMending()
    const waits = Array.from({ length: 8 }, () => {
      const before = attempts.length
      let waited = 0
      mending.broken(wired, 'silent')
      for (; attempts.length === before; waited += 1) {
        mending.broken(wired, 'silent still')
        vi.advanceTimersByTime(1)
      }
      return waited
    })
    expect(attempts).toEqual(Array.from({ length: 8 }, () => 'silent'))
    const bounds = [0, 100, 200, 400, 800, 1000, 1000, 1000]
    for (const [index, most] of bounds.entries()) {
      expect(waits[index]).toBeLessThanOrEqual(most)
      expect(waits[index]).toBeGreaterThanOrEqual(most / 2)
    }
  })

  it('is mended at once again when it was whole for long', () => {
    using mending = newMending()
    mending.broken(wired, 'first')
    vi.advanceTimersByTime(times.quietMs)
    mending.broken(wired, 'second')
    expect(attempts).toEqual(['first', 'second'])
  })

  it('does not wait any longer when it is whole by itself', () => {
    using mending = newMending()
    mending.broken(wired, 'first')
    mending.whole(wired)
    mending.broken(wired, 'second')
    expect(attempts).toEqual(['first'])
    mending.whole(wired)
    expect(attempts).toEqual(['first', 'second'])
    vi.advanceTimersByTime(times.pauses.most)
    expect(attempts).toHaveLength(2)
  })

  it('is left alone when the manager ends', () => {
    const mending = newMending()
    mending.broken(wired, 'first')
    mending.broken(wired, 'second')
    mending[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
  })
})
