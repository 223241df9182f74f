import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ErrorCode, NsmError } from '#sdk/errors.ts'
import { silent } from '#sdk/log.ts'
import type { CallOptions } from '#sdk/rpc/types.ts'
import { parseServiceRefs } from '#sdk/service-ref.ts'
import { type Connection, ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { type ConnectAllOptions, connectAll } from './connect-all.ts'
import type { Manager } from './manager.ts'
import { toRequests } from './request.ts'

type Answer = ErrorCode | 'yes' | 'never'

/** A manager that gives each service its answers one after the other, the last one for ever. */
function fakeManager(answers: Readonly<Record<string, readonly Answer[]>>) {
  const asked: string[] = []
  const closed: string[] = []
  const manager: Manager = {
    request: async ({ connection = create(ConnectionSchema) }, options) => {
      const { networkService } = connection
      const before = asked.filter(service => service === networkService).length
      asked.push(networkService)
      return await give(
        answers[networkService]?.slice(before)[0] ?? answers[networkService]?.at(-1),
        connection,
        options,
      )
    },
    close: ({ networkService }) => {
      closed.push(networkService)
      return Promise.resolve()
    },
  }
  return { manager, asked, closed }
}

function give(
  answer: Answer | undefined,
  connection: Connection,
  { signal }: CallOptions,
): Promise<Connection> {
  if (answer === 'yes') return Promise.resolve(connection)
  if (answer !== 'never' && answer !== undefined)
    return Promise.reject(new NsmError(answer, `${answer} said why`))
  return new Promise((_, reject) =>
    signal?.addEventListener('abort', () => reject(new NsmError('CANCELLED', 'aborted'))),
  )
}

function start(manager: Manager, text: string, options: Partial<ConnectAllOptions> = {}) {
  const requests = toRequests(parseServiceRefs(text), { podName: 'p', namespace: 'n', routes: [] })
  return connectAll(requests, {
    manager,
    attemptMs: 15_000,
    deadlineMs: 60_000,
    onFailure: 'close-others',
    signal: new AbortController().signal,
    log: silent,
    ...options,
  })
}

describe('connectAll', () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({
        toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'performance'],
      }),
  )
  afterEach(() => void vi.useRealTimers())

  it('connectAll() asks for all entries at once', async () => {
    const { manager, asked } = fakeManager({ a: ['never'], b: ['yes'] })
    const stop = new AbortController()
    const failed = start(manager, 'a,b', { signal: stop.signal }).catch((error: unknown) => error)
    expect(asked).toEqual(['a', 'b'])
    stop.abort(new NsmError('CANCELLED', 'stopped by SIGTERM'))
    expect(await failed).toMatchObject({ code: 'CANCELLED', message: 'stopped by SIGTERM' })
  })

  it.each<{ code: ErrorCode }>([
    { code: 'NO_ENDPOINT' },
    { code: 'SERVICE_NOT_FOUND' },
    { code: 'POOL_EXHAUSTED' },
    { code: 'MANAGER_UNAVAILABLE' },
    { code: 'FORWARDER_UNAVAILABLE' },
    { code: 'SOCKET_MISSING' },
    { code: 'CANCELLED' },
  ])('connectAll() asks again after $code, until there is a connection', async ({ code }) => {
    const { manager, asked, closed } = fakeManager({ a: [code, code, 'yes'] })
    const waiting: string[] = []
    const connections = start(manager, 'a', { onWaiting: sentence => waiting.push(sentence) })
    await vi.advanceTimersByTimeAsync(1000)
    expect(await connections).toMatchObject([{ connection: { id: 'p-nsm0' } }])
    expect(asked).toHaveLength(3)
    expect(closed).toEqual([])
    expect(waiting).toEqual([`waiting for a (interface nsm0): ${code} said why`])
  })

  it('connectAll() closes all when one fails for good, also the one whose answer never came', async () => {
    const { manager, closed } = fakeManager({ a: ['yes'], b: ['INTERFACE_EXISTS'], c: ['never'] })
    await expect(start(manager, 'a,b,c')).rejects.toMatchObject({ code: 'INTERFACE_EXISTS' })
    expect(closed.toSorted()).toEqual(['a', 'b', 'c'])
  })

  it('connectAll() keeps what there is when told so, and closes only what failed', async () => {
    const { manager, closed } = fakeManager({ a: ['yes'], b: ['DENIED'] })
    const connections = await start(manager, 'a,b', { onFailure: 'keep-others' })
    expect(connections.map(request => request.connection?.networkService)).toEqual(['a'])
    expect(closed).toEqual(['b'])
  })

  it('connectAll() closes what it got when it is aborted while it waits', async () => {
    const { manager, closed } = fakeManager({ a: ['yes'], b: ['NO_ENDPOINT'] })
    const stop = new AbortController()
    const failed = start(manager, 'a,b', { signal: stop.signal }).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(3000)
    stop.abort(new NsmError('CANCELLED', 'stopped by SIGTERM'))
    expect(await failed).toMatchObject({ code: 'CANCELLED' })
    expect(closed.toSorted()).toEqual(['a', 'b'])
  })
})

describe('connectAll at the deadline', () => {
  it.each<{ answer: Answer; code: ErrorCode; says: RegExp }>([
    {
      answer: 'NO_ENDPOINT',
      code: 'NO_ENDPOINT',
      says: /deadline.*a \(interface nsm0\): NO_ENDPOINT said why/,
    },
    {
      answer: 'SOCKET_MISSING',
      code: 'SOCKET_MISSING',
      says: /device plugin.*networkservicemesh\.io\/socket/,
    },
    { answer: 'never', code: 'DEADLINE', says: /a \(interface nsm0\): the manager did not answer/ },
  ])('connectAll() ends with $code when the last answer was $answer', async ({ answer, code, says }) => {
    const { manager, closed } = fakeManager({ a: [answer], b: ['yes'] })
    const failed = start(manager, 'a,b', { deadlineMs: 50 })
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(says) })
    expect(closed.toSorted()).toEqual(['a', 'b'])
  })
})
