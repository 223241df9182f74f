import { describe, expect, it } from 'vitest'
import { Watchers } from './watchers.ts'

describe('who watches', () => {
  it('is told what happens from the call on, at his own pace', async () => {
    const watchers = new Watchers<number>()
    const stop = new AbortController()
    const news = watchers.watch(stop.signal)
    watchers.tell(1)
    watchers.tell(2)
    const taken: number[] = []
    for await (const item of news) {
      taken.push(item)
      if (item === 2) watchers.tell(3)
      if (item === 3) stop.abort()
    }
    expect(taken).toEqual([1, 2, 3])
    expect(watchers.count).toBe(0)
  })

  it('is forgotten when he leaves, although his signal stays quiet', async () => {
    const watchers = new Watchers<number>()
    const news = watchers.watch(new AbortController().signal)
    watchers.tell(1)
    for await (const _ of news) break
    expect(watchers.count).toBe(0)
  })
})
