import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import {
  type ConnectionEvent,
  ConnectionEventType,
  MonitorScopeSelectorSchema,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { newCall, requestOf, run } from './fixture.ts'
import { type Monitor, newMonitor } from './monitor.ts'

const { INITIAL_STATE_TRANSFER, UPDATE, DELETE } = ConnectionEventType

/** A watcher that has been told the state of its beginning. */
async function watching(monitor: Monitor, stop = new AbortController()) {
  const selector = create(MonitorScopeSelectorSchema, { networkServices: ['web'] })
  const events = monitor.watch(selector, stop.signal)[Symbol.asyncIterator]()
  const first = told(await events.next())
  return { first, next: async () => told(await events.next()), stop }
}

function told(item: IteratorResult<ConnectionEvent>) {
  return item.done === true ? 'end' : { type: item.value.type, ids: Object.keys(item.value.connections) }
}

describe('monitor', () => {
  it('watch() tells what is there, each change, and the end of a connection', async () => {
    const [monitor, call] = [newMonitor(), newCall()]
    await run(monitor.step, requestOf({ id: 'c1' }), call)
    const watcher = await watching(monitor)
    expect(watcher.first).toEqual({ type: INITIAL_STATE_TRANSFER, ids: ['c1'] })
    await run(monitor.step, requestOf({ id: 'c2' }))
    expect(await watcher.next()).toEqual({ type: UPDATE, ids: ['c2'] })
    await call.scope[Symbol.asyncDispose]()
    expect(await watcher.next()).toEqual({ type: DELETE, ids: ['c1'] })
    expect((await watching(monitor)).first).toEqual({ type: INITIAL_STATE_TRANSFER, ids: ['c2'] })
  })

  it('watch() tells a slow watcher the last state of each connection only', async () => {
    const [monitor, call] = [newMonitor(), newCall()]
    const watcher = await watching(monitor)
    await run(monitor.step, requestOf({ id: 'c1' }), call)
    await call.scope[Symbol.asyncDispose]()
    await run(monitor.step, requestOf({ id: 'c2', networkService: 'web' }))
    expect(await watcher.next()).toEqual({ type: DELETE, ids: ['c1'] })
    expect(await watcher.next()).toEqual({ type: UPDATE, ids: ['c2'] })
  })

  it('watch() passes over what the selector does not want, and ends when its signal aborts', async () => {
    const monitor = newMonitor()
    const watcher = await watching(monitor)
    await run(monitor.step, requestOf({ id: 'c3', networkService: 'dns' }))
    const last = watcher.next()
    watcher.stop.abort()
    expect(await last).toBe('end')
  })

  it('the step publishes nothing when the rest of the chain fails', async () => {
    const monitor = newMonitor()
    const failing = monitor.step.request?.(requestOf(), newCall(), () => Promise.reject(new Error('no')))
    await expect(failing).rejects.toThrow('no')
    expect((await watching(monitor)).first).toEqual({ type: INITIAL_STATE_TRANSFER, ids: [] })
  })
})
