import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readConfig } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import { silent } from '#sdk/log.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { serve } from '#sdk/rpc/serve.ts'
import {
  type Connection,
  type ConnectionEvent,
  ConnectionEventSchema,
  ConnectionEventType,
  ConnectionSchema,
  MonitorConnection,
  State,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { config } from './config.ts'
import { run } from './run.ts'

/** A manager on a real socket that knows the connections it was asked for since it started. */
async function managerIn(folder: string, refusal?: NsmError) {
  const known = new Map<string, Connection>()
  const asked: string[] = []
  const closed: string[] = []
  let tell: ((event: ConnectionEvent) => void) | undefined
  const server = await serve({
    address: `unix://${join(folder, 'nsm.server.io.sock')}`,
    peerOf: () => undefined,
    services: [
      implement(NetworkService, {
        request: ({ connection = create(ConnectionSchema) }) => {
          asked.push(connection.id)
          if (refusal !== undefined) return Promise.reject(refusal)
          known.set(connection.id, connection)
          return Promise.resolve(connection)
        },
        close: ({ id }) => {
          closed.push(id)
          return Promise.resolve({})
        },
      }),
      implement(MonitorConnection, {
        async *monitorConnections(_, { signal }) {
          const events: ConnectionEvent[] = [
            eventOf(ConnectionEventType.INITIAL_STATE_TRANSFER, [...known.values()]),
          ]
          while (!signal.aborted) {
            yield* events.splice(0)
            const next = Promise.withResolvers<void>()
            signal.addEventListener('abort', () => next.resolve(), { once: true })
            tell = event => {
              events.push(event)
              next.resolve()
            }
            await next.promise
          }
        },
      }),
    ],
  })
  return {
    asked,
    closed,
    tellDown: (id: string) =>
      tell?.(eventOf(ConnectionEventType.UPDATE, [create(ConnectionSchema, { id, state: State.DOWN })])),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function eventOf(type: ConnectionEventType, connections: readonly Connection[]): ConnectionEvent {
  return create(ConnectionEventSchema, {
    type,
    connections: Object.fromEntries(connections.map(connection => [connection.id, connection])),
  })
}

describe('run', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsm-nsc-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function start() {
    const env = { WORKSPACE: folder, POD_NAME: 'r1', NS_NETWORKSERVICEMESH_IO: 'p2p/eth12,p2p/eth13' }
    const stop = new AbortController()
    const done = run(readConfig(config, env), stop.signal, silent)
    return { done, stop: () => stop.abort(new NsmError('CANCELLED', 'stopped by SIGTERM')) }
  }

  it('run() connects, makes a connection again that is down, and closes all when it is stopped', async () => {
    await using manager = await managerIn(folder)
    const sidecar = start()
    await vi.waitFor(() => expect(manager.asked.toSorted()).toEqual(['r1-eth12', 'r1-eth13']))
    await vi.waitFor(() => {
      manager.tellDown('r1-eth13')
      expect(manager.asked.slice(2)).toContain('r1-eth13')
    })
    expect(manager.asked.slice(2)).not.toContain('r1-eth12')
    sidecar.stop()
    await sidecar.done
    expect(manager.closed.toSorted()).toEqual(['r1-eth12', 'r1-eth13'])
  })

  it('run() asks a restarted manager for what it has forgotten', async () => {
    const first = await managerIn(folder)
    const sidecar = start()
    await vi.waitFor(() => expect(first.asked).toHaveLength(2))
    await first[Symbol.asyncDispose]()
    await using second = await managerIn(folder)
    await vi.waitFor(() => expect(second.asked.toSorted()).toEqual(['r1-eth12', 'r1-eth13']), {
      timeout: 5000,
    })
    sidecar.stop()
    await sidecar.done
  })

  it('run() ends without an error when it is stopped while it waits', async () => {
    await using manager = await managerIn(folder, new NsmError('NO_ENDPOINT', 'nobody is there'))
    const sidecar = start()
    await vi.waitFor(() => expect(manager.asked.length).toBeGreaterThan(1))
    sidecar.stop()
    await expect(sidecar.done).resolves.toBeUndefined()
    expect(manager.closed.toSorted()).toEqual(['r1-eth12', 'r1-eth13'])
  })

  it('run() fails with an error that asking again cannot cure', async () => {
    await using manager = await managerIn(folder, new NsmError('INTERFACE_EXISTS', 'eth12 is taken'))
    await expect(start().done).rejects.toMatchObject({ code: 'INTERFACE_EXISTS' })
    expect(manager.closed).toHaveLength(2)
  })
})
