import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { MonitorConnection, MonitorScopeSelectorSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { ForwarderRegistration } from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { dial } from './dial.ts'
import { socketDirectory } from './fixture.ts'
import { implement } from './implement.ts'
import { type Server, serve } from './serve.ts'
import type { Address, Handlers } from './types.ts'

type Monitor = Handlers<typeof MonitorConnection, undefined>['monitorConnections']
type Liveness = Handlers<typeof ForwarderRegistration, undefined>['requestLiveness']

function serveMonitor(address: Address, monitorConnections: Monitor): Promise<Server> {
  const services = [implement<typeof MonitorConnection, undefined>(MonitorConnection, { monitorConnections })]
  return serve({ address, services, peerOf: () => undefined })
}

function serveLiveness(address: Address, requestLiveness: Liveness): Promise<Server> {
  const served = implement<typeof ForwarderRegistration, undefined>(ForwarderRegistration, {
    requestForwarderRegistration: async () => ({ registered: true }),
    requestLiveness,
  })
  return serve({ address, services: [served], peerOf: () => undefined })
}

function eventOf(id: string) {
  return { connections: { [id]: { id } } }
}

async function collect<T, U>(items: AsyncIterable<T>, map: (item: T) => U): Promise<U[]> {
  const all: U[] = []
  for await (const item of items) all.push(map(item))
  return all
}

/** A stream that says nothing more until its signal is aborted. */
async function* firstThenSilence(signal: AbortSignal, told: PromiseWithResolvers<unknown>) {
  yield eventOf('first')
  const silence = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => {
    told.resolve(signal.reason)
    silence.resolve()
  })
  await silence.promise
}

const selector = create(MonitorScopeSelectorSchema)

describe('server streams', () => {
  it('arrive whole and in order when there are more than fit the buffers', async () => {
    using directory = socketDirectory()
    const ids = Array.from({ length: 2_000 }, (_, index) => `${index}-${'x'.repeat(500)}`)
    await using server = await serveMonitor(directory.socket('s').address, async function* () {
      for (const id of ids) yield eventOf(id)
    })
    await using channel = dial(server.address)
    const events = channel.client(MonitorConnection).monitorConnections(selector)
    expect(await collect(events, event => Object.keys(event.connections)[0])).toEqual(ids)
  })

  it('give their items and then the error with its code', async () => {
    using directory = socketDirectory()
    await using server = await serveMonitor(directory.socket('s').address, async function* () {
      yield eventOf('first')
      throw new NsmError('CONFLICT', 'it moved')
    })
    await using channel = dial(server.address)
    const seen: string[] = []
    const watch = async (): Promise<void> => {
      for await (const event of channel.client(MonitorConnection).monitorConnections(selector))
        seen.push(...Object.keys(event.connections))
    }
    await expect(watch()).rejects.toMatchObject({ code: 'CONFLICT', message: 'it moved' })
    expect(seen).toEqual(['first'])
  })

  it('tell the handler when the caller leaves the loop', async () => {
    using directory = socketDirectory()
    const told = Promise.withResolvers<unknown>()
    await using server = await serveMonitor(directory.socket('s').address, (_, { signal }) =>
      firstThenSilence(signal, told),
    )
    await using channel = dial(server.address)
    for await (const _ of channel.client(MonitorConnection).monitorConnections(selector)) break
    expect(await told.promise).toMatchObject({ code: 'CANCELLED' })
  })

  it('throw CANCELLED and tell the handler when the caller aborts', async () => {
    using directory = socketDirectory()
    const told = Promise.withResolvers<unknown>()
    await using server = await serveMonitor(directory.socket('s').address, (_, { signal }) =>
      firstThenSilence(signal, told),
    )
    await using channel = dial(server.address)
    const giveUp = new AbortController()
    const watch = async (): Promise<void> => {
      const events = channel.client(MonitorConnection).monitorConnections(selector, { signal: giveUp.signal })
      for await (const _ of events) giveUp.abort()
    }
    await expect(watch()).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await told.promise).toMatchObject({ code: 'CANCELLED' })
  })

  it('throw DEADLINE when their time is over', async () => {
    using directory = socketDirectory()
    const told = Promise.withResolvers<unknown>()
    await using server = await serveMonitor(directory.socket('s').address, (_, { signal }) =>
      firstThenSilence(signal, told),
    )
    await using channel = dial(server.address)
    const events = channel.client(MonitorConnection).monitorConnections(selector, { timeoutMs: 100 })
    await expect(collect(events, event => event)).rejects.toMatchObject({ code: 'DEADLINE' })
    await told.promise
  })

  it('end with MANAGER_UNAVAILABLE at once when the server shuts down, even while the handler is busy', async () => {
    using directory = socketDirectory()
    const server = await serveMonitor(directory.socket('s').address, async function* () {
      yield eventOf('first')
      await new Promise(() => undefined)
    })
    await using channel = dial(server.address)
    const watch = async (): Promise<void> => {
      for await (const _ of channel.client(MonitorConnection).monitorConnections(selector))
        void server[Symbol.asyncDispose]()
    }
    await expect(watch()).rejects.toMatchObject({
      code: 'MANAGER_UNAVAILABLE',
      message: expect.stringContaining('shutting down'),
    })
  })

  it('throw CANCELLED when the channel is disposed', async () => {
    using directory = socketDirectory()
    const told = Promise.withResolvers<unknown>()
    await using server = await serveMonitor(directory.socket('s').address, (_, { signal }) =>
      firstThenSilence(signal, told),
    )
    const channel = dial(server.address)
    const watch = async (): Promise<void> => {
      for await (const _ of channel.client(MonitorConnection).monitorConnections(selector))
        await channel[Symbol.asyncDispose]()
    }
    await expect(watch()).rejects.toMatchObject({ code: 'CANCELLED' })
    await told.promise
  })

  it('throw SOCKET_MISSING when there is no server', async () => {
    using directory = socketDirectory()
    await using channel = dial(directory.socket('absent').address)
    const events = channel.client(MonitorConnection).monitorConnections(selector)
    await expect(collect(events, event => event)).rejects.toMatchObject({ code: 'SOCKET_MISSING' })
  })
})

describe('streams both ways', () => {
  it('answer each input while the inputs go on', async () => {
    using directory = socketDirectory()
    await using server = await serveLiveness(directory.socket('s').address, async function* (inputs) {
      for await (const input of inputs) yield input
    })
    await using channel = dial(server.address)
    let answered = 0
    const pings = async function* () {
      for (let sent = 0; sent < 3; sent += 1) {
        yield {}
        await turnsUntil(() => answered > sent)
      }
    }
    for await (const _ of channel.client(ForwarderRegistration).requestLiveness(pings())) answered += 1
    expect(answered).toBe(3)
  })

  it('tell the handler when the caller leaves, and finish the caller’s inputs', async () => {
    using directory = socketDirectory()
    const told = Promise.withResolvers<unknown>()
    const finished = Promise.withResolvers<void>()
    await using server = await serveLiveness(
      directory.socket('s').address,
      async function* (inputs, { signal }) {
        signal.addEventListener('abort', () => told.resolve(signal.reason))
        for await (const input of inputs) yield input
        await told.promise
      },
    )
    await using channel = dial(server.address)
    const pings = async function* () {
      try {
        for (;;) yield {}
      } finally {
        finished.resolve()
      }
    }
    for await (const _ of channel.client(ForwarderRegistration).requestLiveness(pings())) break
    expect(await told.promise).toMatchObject({ code: 'CANCELLED' })
    await finished.promise
  })

  it('tell the handler when the channel of the caller is disposed, even while the caller’s inputs are silent', async () => {
    using directory = socketDirectory()
    const told = Promise.withResolvers<unknown>()
    await using server = await serveLiveness(directory.socket('s').address, async function* (_, { signal }) {
      signal.addEventListener('abort', () => told.resolve(signal.reason))
      yield {}
      await told.promise
    })
    const channel = dial(server.address)
    const silence = Promise.withResolvers<void>()
    const silent = async function* () {
      yield {}
      await silence.promise
    }
    const watch = async (): Promise<void> => {
      for await (const _ of channel.client(ForwarderRegistration).requestLiveness(silent()))
        await channel[Symbol.asyncDispose]()
    }
    await expect(watch()).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await told.promise).toMatchObject({ code: 'CANCELLED' })
    silence.resolve()
  })

  it('throw the error of the caller’s inputs', async () => {
    using directory = socketDirectory()
    await using server = await serveLiveness(directory.socket('s').address, async function* (inputs) {
      for await (const input of inputs) yield input
    })
    await using channel = dial(server.address)
    const outputs = channel.client(ForwarderRegistration).requestLiveness(brokenInputs())
    await expect(collect(outputs, output => output)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: 'no more of these',
    })
  })
})

async function* brokenInputs() {
  yield {}
  throw new NsmError('BAD_INPUT', 'no more of these')
}

/** Lets other work run until the condition holds. */
async function turnsUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}
