import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { pause } from './pause.ts'

describe('pause', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('pause() ends after its time', async () => {
    const paused = pause(1000, new AbortController().signal)
    await vi.advanceTimersByTimeAsync(1000)
    await expect(paused).resolves.toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('pause() ends at once when its signal aborts, and leaves no timer behind', async () => {
    const stop = new AbortController()
    const paused = pause(1000, stop.signal)
    stop.abort()
    await paused
    await pause(1000, stop.signal)
    expect(vi.getTimerCount()).toBe(0)
  })
})
