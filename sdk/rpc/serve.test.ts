import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { credentials, Client as GrpcClient } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { silent } from '#sdk/log.ts'
import { MonitorConnection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { dial } from './dial.ts'
import { serveNetworkService, socketDirectory } from './fixture.ts'
import { serve } from './serve.ts'
import type { Address } from './types.ts'
import { unary } from './unary.ts'

const request = NetworkService.method.request

function ask(address: Address) {
  return unary(address, request, { connection: { id: 'c1' } })
}

describe('serve() and its callers', () => {
  it('gives every call the peer of its own connection', async () => {
    using directory = socketDirectory()
    let accepted = 0
    await using server = await serveNetworkService(
      directory.socket('s').address,
      { request: async (_, { peer }) => ({ id: peer }) },
      { peerOf: () => `peer-${(accepted += 1)}` },
    )
    await using first = dial(server.address)
    await using second = dial(server.address)
    const callers = [first, second, first, second].map(channel => channel.client(NetworkService))
    const answers: string[] = []
    for (const caller of callers) answers.push((await caller.request({})).id)
    expect(answers).toEqual(['peer-1', 'peer-2', 'peer-1', 'peer-2'])
  })

  it('asks for the peer while the descriptor of the socket is open', async () => {
    using directory = socketDirectory()
    await using server = await serveNetworkService(
      directory.socket('s').address,
      { request: async (_, { peer }) => ({ id: peer }) },
      { peerOf: socket => String(descriptorOf(socket)) },
    )
    expect(Number((await ask(server.address)).id)).toBeGreaterThan(2)
  })

  it('destroys a connection whose peer cannot be told, and serves on', async () => {
    using directory = socketDirectory()
    let accepted = 0
    const peerOf = (): string => {
      accepted += 1
      if (accepted === 1) throw new NsmError('DENIED', 'who are you?')
      return 'peer'
    }
    await using server = await serveNetworkService(directory.socket('s').address, {}, { peerOf })
    await expect(ask(server.address)).rejects.toMatchObject({ code: 'MANAGER_UNAVAILABLE' })
    expect(await ask(server.address)).toMatchObject({ id: 'c1' })
  })

  it('survives callers that do not speak HTTP/2', async () => {
    using directory = socketDirectory()
    const { path, address } = directory.socket('s')
    await using _ = await serveNetworkService(address)
    const stranger = connect(path)
    stranger.end('GET / HTTP/1.1\r\n\r\n\0\x01\x02')
    stranger.resume()
    await once(stranger, 'close')
    expect(await ask(address)).toMatchObject({ id: 'c1' })
  })

  it('answers UNSUPPORTED for a service that it does not have', async () => {
    using directory = socketDirectory()
    await using server = await serveNetworkService(directory.socket('s').address)
    await using channel = dial(server.address)
    const events = channel.client(MonitorConnection).monitorConnections({})
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('answers BAD_INPUT when the bytes are no message', async () => {
    using directory = socketDirectory()
    await using server = await serveNetworkService(directory.socket('s').address)
    const error = await rawCall(
      server.address,
      '/networkservice.NetworkService/Request',
      Buffer.from('ffff', 'hex'),
    ).catch(String)
    expect(error).toContain(
      '3 INVALID_ARGUMENT: cannot decode a networkservice.NetworkServiceRequest of 2 bytes',
    )
  })

  it('logs what a handler threw by mistake', async () => {
    using directory = socketDirectory()
    const logged: object[] = []
    const cause = new TypeError('secret')
    await using server = await serveNetworkService(
      directory.socket('s').address,
      { request: () => Promise.reject(cause) },
      { log: { ...silent, error: fields => logged.push(fields) } },
    )
    await expect(ask(server.address)).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(logged).toEqual([{ err: cause, method: '/networkservice.NetworkService/Request' }])
  })
})

describe('serve() and its socket', () => {
  it('makes the socket with the asked mode, and 0600 by default', async () => {
    using directory = socketDirectory()
    const open = directory.socket('open')
    const shut = directory.socket('shut')
    await using servers = new AsyncDisposableStack()
    servers.use(await serveNetworkService(open.address, {}, { mode: 0o666 }))
    servers.use(await serveNetworkService(shut.address))
    expect([open, shut].map(({ path }) => (statSync(path).mode & 0o777).toString(8))).toEqual(['666', '600'])
    expect(readdirSync(dirname(open.path)).toSorted()).toEqual(['open', 'shut'])
  })

  it('removes the socket when it ends', async () => {
    using directory = socketDirectory()
    const { path, address } = directory.socket('s')
    const server = await serveNetworkService(address)
    await server[Symbol.asyncDispose]()
    expect(existsSync(path)).toBe(false)
  })

  it('replaces the socket of a dead server', async () => {
    using directory = socketDirectory()
    const { path, address } = directory.socket('s')
    const dead = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ])
    await once(dead, 'exit')
    expect(existsSync(path)).toBe(true)
    await using _ = await serveNetworkService(address)
    expect(await ask(address)).toMatchObject({ id: 'c1' })
  })

  it('throws ALREADY_EXISTS when another server lives there, and leaves it alone', async () => {
    using directory = socketDirectory()
    const { address } = directory.socket('s')
    await using _ = await serveNetworkService(address, { request: async () => ({ id: 'the first' }) })
    await expect(serveNetworkService(address)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(await ask(address)).toMatchObject({ id: 'the first' })
  })

  const unusable: readonly {
    readonly name: string
    readonly address: (directory: string) => Address
    readonly message: RegExp
  }[] = [
    {
      name: 'a name over 107 bytes',
      address: () => `unix:///tmp/${'x'.repeat(103)}`,
      message: /has 108 bytes and Linux allows 107/,
    },
    {
      name: 'a directory that is not there',
      address: directory => `unix://${directory}/absent/s`,
      message: /absent/,
    },
    { name: 'a relative path', address: () => 'unix://s', message: /write unix:\/\/\/absolute/ },
    { name: 'a foreign host', address: () => 'tcp://192.0.2.1:0', message: /192\.0\.2\.1/ },
    { name: 'a port out of range', address: () => 'tcp://127.0.0.1:65536', message: /write unix/ },
  ]
  for (const { name, address, message } of unusable) {
    it(`throws BAD_CONFIG for ${name}`, async () => {
      using directory = socketDirectory()
      const at = address(dirname(directory.socket('s').path))
      await expect(serveNetworkService(at)).rejects.toMatchObject({
        code: 'BAD_CONFIG',
        message: expect.stringMatching(message),
      })
      expect(readdirSync(dirname(directory.socket('s').path))).toEqual([])
    })
  }

  it('throws BAD_CONFIG and leaves it alone when a file that is no socket is in the way', async () => {
    using directory = socketDirectory()
    const { path, address } = directory.socket('s')
    writeFileSync(path, 'precious')
    await expect(serveNetworkService(address)).rejects.toMatchObject({ code: 'BAD_CONFIG' })
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })

  it('throws BAD_CONFIG when it is told no place to listen', async () => {
    await expect(serve({ services: [], peerOf: () => undefined })).rejects.toMatchObject({
      code: 'BAD_CONFIG',
    })
  })

  it('serves on a listening socket that the process inherited', async () => {
    const name = `nsm-rpc-inherited-${process.pid}`
    const listener = createServer().listen(`\0${name}`)
    await once(listener, 'listening')
    const script = `
      import { serve } from '#sdk/rpc/serve.ts'
      const server = await serve({ listen: { fd: 3 }, services: [], peerOf: () => undefined })
      console.log(server.address)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit', descriptorOf(listener)],
    })
    listener.close()
    try {
      expect(child.stdout && String((await once(child.stdout, 'data'))[0])).toBe('unix:///dev/fd/3\n')
      expect(await health(`unix:\0${name}`, '')).toEqual(Buffer.from([8, 1]))
    } finally {
      child.kill()
    }
  })
})

describe('serve() while it ends', () => {
  it('lets a unary call finish', async () => {
    using directory = socketDirectory()
    const asked = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const server = await serveNetworkService(directory.socket('s').address, {
      request: async () => {
        asked.resolve()
        await goOn.promise
        return { id: 'finished' }
      },
    })
    const answer = ask(server.address)
    await asked.promise
    const ended = server[Symbol.asyncDispose]()
    goOn.resolve()
    expect(await answer).toMatchObject({ id: 'finished' })
    await ended
  })

  it('lets a channel go on with the next server at the same socket', async () => {
    using directory = socketDirectory()
    const { address } = directory.socket('s')
    const first = await serveNetworkService(address, { request: async () => ({ id: 'first' }) })
    await using channel = dial(address)
    const caller = channel.client(NetworkService)
    const answers = [(await caller.request({})).id]
    await first[Symbol.asyncDispose]()
    await expect(caller.request({})).rejects.toMatchObject({ code: 'SOCKET_MISSING' })
    await using _ = await serveNetworkService(address, { request: async () => ({ id: 'second' }) })
    answers.push((await whenReady(() => caller.request({}))).id)
    expect(answers).toEqual(['first', 'second'])
  })
})

describe('grpc.health.v1', () => {
  it('says SERVING for the server and for each of its services, NOT_FOUND for others', async () => {
    using directory = socketDirectory()
    await using server = await serveNetworkService(directory.socket('s').address)
    const serving = Buffer.from([8, 1])
    expect(await health(server.address, '')).toEqual(serving)
    expect(await health(server.address, 'networkservice.NetworkService')).toEqual(serving)
    await expect(health(server.address, 'else')).rejects.toMatchObject({ code: 5 })
  })
})

/** The file descriptor of a socket, which Node keeps to itself. */
function descriptorOf(socket: Socket | Server): number {
  return Number(Object(Reflect.get(socket, '_handle')).fd)
}

/** grpc-js' own client with the bytes of HealthCheckRequest {service = 1}. */
function health(address: string, service: string): Promise<Buffer> {
  return rawCall(
    address,
    '/grpc.health.v1.Health/Check',
    Buffer.from([10, service.length, ...Buffer.from(service)]),
  )
}

function asBytes(bytes: Buffer): Buffer {
  return bytes
}

async function rawCall(address: string, path: string, bytes: Buffer): Promise<Buffer> {
  const client = new GrpcClient(address, credentials.createInsecure())
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest<Buffer, Buffer>(path, asBytes, asBytes, bytes, (error, value) =>
        error === null ? resolve(value ?? Buffer.alloc(0)) : reject(error),
      )
    })
  } finally {
    client.close()
  }
}

async function whenReady<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (thrown) {
      if (NsmError.from(thrown).kind.retry === 'no') throw thrown
    }
  }
}
