import { describe, expect, it } from 'vitest'
import { Devices } from './devices.ts'

describe('devices', () => {
  it('are told at once, and again when they have become more', async () => {
    const devices = new Devices(4)
    const stop = new AbortController()
    const lists = devices.lists(stop.signal)
    expect((await lists.next()).value).toHaveLength(4)
    devices.take('nsm-1')
    const next = lists.next()
    devices.inUse(['nsm-1', 'nsm-2', 'nsm-3', 'nsm-4'])
    expect((await next).value).toEqual(Array.from({ length: 8 }, (_, index) => `nsm-${index + 1}`))
    stop.abort()
    expect(await lists.next()).toMatchObject({ done: true })
  })

  it('become more before they run short, and never fewer', () => {
    const devices = new Devices(8)
    for (let used = 1; used <= 40; used += 1) {
      devices.take(`nsm-${used}`)
      expect(devices.ids.length).toBeGreaterThanOrEqual(used + 2)
    }
    const most = devices.ids.length
    devices.inUse([])
    expect(devices.ids).toHaveLength(most)
  })

  it('are announced alike to two who listen', async () => {
    const devices = new Devices(1)
    const stop = new AbortController()
    const [one, two] = [devices.lists(stop.signal), devices.lists(stop.signal)]
    await Promise.all([one.next(), two.next()])
    const both = Promise.all([one.next(), two.next()])
    devices.announce('nsm-9')
    expect((await both).map(({ value }) => value)).toEqual([
      ['nsm-1', 'nsm-9'],
      ['nsm-1', 'nsm-9'],
    ])
    stop.abort()
  })
})
