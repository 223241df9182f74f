import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Mending } from './mending.ts'
import type { Wired } from './request.ts'

const wired = { id: 'a' } as Wired

describe('a broken connection', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const times = { pauses: { first: 10_000, most: 100_000 }, quietMs: 500_000 }
  const attempts: string[] = []
  let down = true
  const newMending = () => {
    attempts.length = 0
    return new Mending({ mend: async (_, why) => void attempts.push(why), isDown: () => down, ...times })
  }

  it('is mended at once, and then after pauses that grow to a bound', () => {
    using mending = newMending()
    const waits = Array.from({ length: 8 }, () => {
      const before = attempts.length
      let waited = 0
      mending.broken(wired, 'silent')
      for (; attempts.length === before; waited += 10) {
        mending.broken(wired, 'silent still')
        vi.advanceTimersByTime(10)
      }
      return waited
    })
    expect(attempts).toEqual(Array.from({ length: 8 }, () => 'silent'))
    const bounds = [0, 10_000, 20_000, 40_000, 80_000, 100_000, 100_000, 100_000]
    for (const [index, most] of bounds.entries()) {
      expect(waits[index]).toBeLessThanOrEqual(most + 10)
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

  it.each([
    { what: 'is whole by itself', isDown: true, again: 'no', expected: ['first', 'second'] },
    { what: 'was made again by somebody else', isDown: false, again: 'no', expected: ['first'] },
    { what: 'is broken again soon', isDown: true, again: 'yes', expected: ['first'] },
  ])('waits no longer only when it stays whole: it $what', ({ isDown, again, expected }) => {
    using mending = newMending()
    mending.broken(wired, 'first')
    mending.broken(wired, 'second')
    down = isDown
    mending.whole(wired)
    vi.advanceTimersByTime(400)
    if (again === 'yes') mending.broken(wired, 'third')
    vi.advanceTimersByTime(2000)
    expect(attempts).toEqual(expected)
  })

  it('is left alone when the manager ends', () => {
    const mending = newMending()
    mending.broken(wired, 'first')
    mending.broken(wired, 'second')
    mending[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
  })
})
