import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Health, healthOf } from './probes.ts'

describe('probes', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it.each<{ readonly story: string; readonly act: (health: Health) => void; readonly says: string }>([
    { story: 'at start', act: () => undefined, says: 'serving' },
    {
      story: 'half a minute after it without kubelet',
      act: () => vi.advanceTimersByTime(30_001),
      says: 'not serving',
    },
    {
      story: 'long registered',
      act: health => {
        health.set('registered')
        vi.advanceTimersByTime(1e9)
      },
      says: 'serving',
    },
    {
      story: 'when kubelet restarts',
      act: health => {
        health.set('registered')
        vi.advanceTimersByTime(1e9)
        health.set('lost')
        vi.advanceTimersByTime(20_000)
      },
      says: 'serving',
    },
    {
      story: 'when kubelet does not come back',
      act: health => {
        health.set('registered')
        health.set('lost')
        vi.advanceTimersByTime(30_001)
      },
      says: 'not serving',
    },
  ])('say that the plugin is $says $story', ({ act, says }) => {
    const health = healthOf()
    act(health)
    expect(health.get()).toBe(says)
  })
})
