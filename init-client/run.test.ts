import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '#runtime/config.ts'
import { type ErrorCode, NsmError } from '#sdk/errors.ts'
import { silent } from '#sdk/log.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { type Server, serve } from '#sdk/rpc/serve.ts'
import type { Connection, ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { config } from './config.ts'
import { run } from './run.ts'

/** A manager on a real socket: answers what `answer` says and remembers what was asked and closed. */
async function managerIn(
  folder: string,
  answer: (connection: Connection) => MessageInitShape<typeof ConnectionSchema>,
) {
  const asked: string[] = []
  const closed: string[] = []
  const server: Server = await serve({
    address: `unix://${join(folder, 'nsm.server.io.sock')}`,
    peerOf: () => undefined,
    services: [
      implement(NetworkService, {
        request: ({ connection }) => {
          if (connection === undefined) throw new NsmError('BAD_INPUT', 'no connection')
          asked.push(connection.id)
          return Promise.resolve(answer(connection))
        },
        close: ({ id }) => {
          closed.push(id)
          return Promise.resolve({})
        },
      }),
    ],
  })
  return { asked, closed, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

function refuse(code: ErrorCode): never {
  throw new NsmError(code, `${code} for a reason`)
}

describe('run', () => {
  let folder = ''
  let log = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsm-init-'))
    log = join(folder, 'termination-log')
    writeFileSync(log, '')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function start(env: Readonly<Record<string, string>>, lines: string[] = []): Promise<void> {
    const settings = readConfig(config, { WORKSPACE: folder, POD_NAME: 'web', TERMINATION_LOG: log, ...env })
    const info = (_: object, line: string): void => void lines.push(line)
    return run(settings, new AbortController().signal, { ...silent, info })
  }

  it('run() connects to every entry and says so in sentences', async () => {
    const srcRoutes = [{ prefix: '10.0.0.0/8' }, { prefix: '10.9.0.0/16' }]
    await using manager = await managerIn(folder, ({ id, networkService }) => ({
      id,
      networkService,
      context: { ipContext: { srcIpAddrs: ['10.60.1.1/30'], srcRoutes } },
    }))
    const lines: string[] = []
    await start({ NS_NETWORKSERVICEMESH_IO: 'vpn-gateway,dns/dns0' }, lines)
    expect(manager.asked.toSorted()).toEqual(['web-dns0', 'web-nsm0'])
    expect(manager.closed).toEqual([])
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(/^dns → dns0 10\.60\.1\.1\/30 \(2 routes\) in \d+ ms$/),
      expect.stringMatching(/^vpn-gateway → nsm0 10\.60\.1\.1\/30 \(2 routes\) in \d+ ms$/),
    ])
  })

  it('run() fails with the manager’s error, leaves it in the termination log and closes the others', async () => {
    await using manager = await managerIn(folder, connection =>
      connection.networkService === 'bad' ? refuse('DENIED') : connection,
    )
    await expect(start({ NS_NETWORKSERVICEMESH_IO: 'good,bad' })).rejects.toMatchObject({ code: 'DENIED' })
    expect(readFileSync(log, 'utf8')).toBe('DENIED for a reason')
    expect(manager.closed.toSorted()).toEqual(['web-nsm0', 'web-nsm1'])
  })

  it('run() names the socket and gives advice when it does not appear in time', async () => {
    const failed = start({ NS_NETWORKSERVICEMESH_IO: 'a', NSM_DEADLINE: '300ms' })
    await expect(failed).rejects.toMatchObject({ code: 'SOCKET_MISSING' })
    expect(readFileSync(log, 'utf8')).toMatch(/nsm\.server\.io\.sock.*device plugin/)
  })

  it('run() waits for a socket that appears late', async () => {
    const running = start({ NS_NETWORKSERVICEMESH_IO: 'a' })
    expect(existsSync(join(folder, 'nsm.server.io.sock'))).toBe(false)
    await using manager = await managerIn(folder, connection => connection)
    await running
    expect(manager.asked).toEqual(['web-nsm0'])
  })

  it('run() refuses a malformed list before it asks anybody', async () => {
    await expect(start({ NS_NETWORKSERVICEMESH_IO: 'a/b/c' })).rejects.toMatchObject({
      code: 'BAD_ANNOTATION',
    })
    expect(readFileSync(log, 'utf8')).toMatch(/entry 1/)
  })
})
