import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { silent } from '#sdk/log.ts'
import {
  type ConnectionEvent,
  ConnectionEventSchema,
  ConnectionEventType,
  State,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { keep } from './keep.ts'

const down = create(ConnectionEventSchema, {
  type: ConnectionEventType.UPDATE,
  connections: { a: { id: 'a', state: State.DOWN } },
})

describe('a connection that is lost over and over', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is made again at once, and then after pauses that grow to half a minute', async () => {
    const stop = new AbortController()
    const times: number[] = []
    async function* losses(): AsyncGenerator<ConnectionEvent> {
      while (!stop.signal.aborted) {
        yield down
        await new Promise(resolve => setTimeout(resolve, 100))
      }
    }
    const kept = keep({
      ids: ['a'],
      monitor: { monitorConnections: () => losses() },
      reconnect: async () => void times.push(Date.now()),
      signal: stop.signal,
      log: silent,
    })
    await vi.advanceTimersByTimeAsync(300_000)
    stop.abort()
    await vi.advanceTimersByTimeAsync(1000)
    await kept
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    expect(gaps[0]).toBeLessThan(500)
    expect(gaps.length).toBeLessThan(30)
    for (const gap of gaps.slice(8)) expect(gap).toBeGreaterThanOrEqual(15_000)
  })
})
