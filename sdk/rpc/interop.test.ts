import { once } from 'node:events'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  credentials,
  Client as GrpcClient,
  Server as GrpcServer,
  Metadata,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import {
  ConnectionEventSchema,
  ConnectionSchema,
  MonitorConnection,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { ForwarderRegistration } from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import {
  NetworkService,
  NetworkServiceRequestSchema,
} from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { dial } from './dial.ts'
import { serveNetworkService, socketDirectory } from './fixture.ts'
import { implement } from './implement.ts'
import { type Server, serve } from './serve.ts'
import type { Address } from './types.ts'

const asBytes = (bytes: Buffer): Buffer => bytes
const requestPath = '/networkservice.NetworkService/Request'
const monitorPath = '/connection.MonitorConnection/MonitorConnections'
const livenessPath = '/forwarderregistrar.ForwarderRegistration/RequestLiveness'
const ids = Array.from({ length: 500 }, (_, index) => `${index}-${'x'.repeat(2_000)}`)

/** grpc-js calls us: its HTTP/2 is nghttp2's, with Huffman codes and a dynamic table. */
describe('a client of grpc-js', () => {
  it('gets answers, one after the other and many at once', async () => {
    using directory = socketDirectory()
    await using server = await serveNetworkService(directory.socket('s').address)
    using client = grpcClient(server.address)
    const names = Array.from({ length: 50 }, (_, index) => `id-${index}-${'ö'.repeat(index)}`)
    for (const name of names.slice(0, 3)) expect(await client.request(name)).toBe(name)
    expect(await Promise.all(names.map(name => client.request(name)))).toEqual(names)
  })

  it('sends and gets a message of two megabytes', async () => {
    using directory = socketDirectory()
    await using server = await serveNetworkService(directory.socket('s').address)
    using client = grpcClient(server.address)
    const name = 'y'.repeat(2 * 1024 * 1024)
    expect((await client.request(name)) === name).toBe(true)
  })

  it('gets the status, the message and the code of an error', async () => {
    using directory = socketDirectory()
    await using server = await serveNetworkService(directory.socket('s').address, {
      request: async () => {
        throw new NsmError('POOL_EXHAUSTED', '100 % “ä 😀\nfull')
      },
    })
    using client = grpcClient(server.address)
    const error = await client.request('c1').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: '100 % “ä 😀\nfull' })
    expect(Reflect.get(Object(error), 'metadata').get('nsm-error-code')).toEqual(['POOL_EXHAUSTED'])
  })

  it('tells the handler that it cancels, and that its time is over', async () => {
    using directory = socketDirectory()
    const told: string[] = []
    const both = Promise.withResolvers<void>()
    await using server = await serveNetworkService(directory.socket('s').address, {
      request: (_, { signal }) => {
        signal.addEventListener('abort', () => {
          told.push(NsmError.from(signal.reason).code)
          if (told.length === 2) both.resolve()
        })
        return new Promise(() => undefined)
      },
    })
    using client = grpcClient(server.address)
    await expect(client.request('c1', { deadline: Date.now() + 100 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    })
    const call = client.grpc.makeUnaryRequest(requestPath, asBytes, asBytes, Buffer.alloc(0), () => undefined)
    call.on('metadata', () => undefined)
    setTimeout(() => call.cancel(), 20)
    await both.promise
    // At its deadline the client resets the stream itself, which may be heard before our own clock runs out.
    expect(['CANCELLED', 'DEADLINE']).toContain(told[0])
    expect(told[1]).toBe('CANCELLED')
  })

  it('gets a stream whole and in order, and the error at its end', async () => {
    using directory = socketDirectory()
    await using server = await serveMonitor(directory.socket('s').address)
    using client = grpcClient(server.address)
    const call = client.grpc.makeServerStreamRequest(monitorPath, asBytes, asBytes, Buffer.alloc(0))
    const seen: string[] = []
    await expect(
      (async () => {
        for await (const bytes of call) seen.push(...idsOf(bytes))
      })(),
    ).rejects.toMatchObject({ code: status.ABORTED })
    expect(seen).toEqual(ids)
  })

  it('talks both ways', async () => {
    using directory = socketDirectory()
    const served = implement<typeof ForwarderRegistration, undefined>(ForwarderRegistration, {
      requestForwarderRegistration: async () => ({ registered: true }),
      requestLiveness: async function* (inputs) {
        for await (const input of inputs) yield input
      },
    })
    await using server = await serve({
      address: directory.socket('s').address,
      services: [served],
      peerOf: () => undefined,
    })
    using client = grpcClient(server.address)
    const call = client.grpc.makeBidiStreamRequest(livenessPath, asBytes, asBytes)
    for (let turn = 0; turn < 3; turn++) {
      call.write(Buffer.alloc(0))
      await once(call, 'data')
    }
    call.end()
    call.resume()
    const [end] = await once(call, 'status')
    expect(end).toMatchObject({ code: status.OK })
  })
})

/** We call grpc-js. */
describe('a server of grpc-js', () => {
  it('answers, one call after the other and many at once, and large ones', async () => {
    using directory = socketDirectory()
    await using server = await grpcServer(directory.socket('s').address)
    await using channel = dial(server.address)
    const client = channel.client(NetworkService)
    const names = Array.from({ length: 300 }, (_, index) => `id-${index}`)
    expect((await client.request({ connection: { id: 'first' } })).id).toBe('first')
    const answers = await Promise.all(names.map(id => client.request({ connection: { id } })))
    expect(answers.map(({ id }) => id)).toEqual(names)
    const id = 'y'.repeat(2 * 1024 * 1024)
    expect((await client.request({ connection: { id } })).id === id).toBe(true)
  })

  it('fails with its status', async () => {
    using directory = socketDirectory()
    await using server = await grpcServer(directory.socket('s').address)
    await using channel = dial(server.address)
    await expect(channel.client(NetworkService).close({ id: 'ä' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'no “ä” here',
    })
    await expect(
      channel.client(MonitorConnection).monitorConnections({})[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('streams, and hears that we leave', async () => {
    using directory = socketDirectory()
    const left = Promise.withResolvers<void>()
    await using server = await grpcServer(directory.socket('s').address, left.resolve)
    await using channel = dial(server.address)
    const pings = async function* () {
      for (;;) yield {}
    }
    let answers = 0
    for await (const _ of channel.client(ForwarderRegistration).requestLiveness(pings()))
      if ((answers += 1) === 200) break
    await left.promise
    expect(answers).toBe(200)
  })
})

function grpcClient(address: Address) {
  const grpc = new GrpcClient(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
  })
  const request = (id: string, options = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.from(
        toBinary(NetworkServiceRequestSchema, create(NetworkServiceRequestSchema, { connection: { id } })),
      )
      grpc.makeUnaryRequest<Buffer, Buffer>(requestPath, asBytes, asBytes, bytes, options, (error, value) =>
        error === null ? resolve(fromBinary(ConnectionSchema, value ?? Buffer.alloc(0)).id) : reject(error),
      )
    })
  return { grpc, request, [Symbol.dispose]: () => grpc.close() }
}

function idsOf(bytes: Buffer): readonly string[] {
  return Object.keys(fromBinary(ConnectionEventSchema, bytes).connections)
}

function serveMonitor(address: Address): Promise<Server> {
  const served = implement<typeof MonitorConnection, undefined>(MonitorConnection, {
    monitorConnections: async function* () {
      for (const id of ids) yield { connections: { [id]: { id } } }
      throw new NsmError('CONFLICT', 'it moved')
    },
  })
  return serve({ address, services: [served], peerOf: () => undefined })
}

async function grpcServer(
  address: Address,
  left: () => void = () => undefined,
): Promise<AsyncDisposable & { readonly address: Address }> {
  const grpc = new GrpcServer({ 'grpc.max_receive_message_length': 16 * 1024 * 1024 })
  const echo = (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>): void => {
    const { connection } = fromBinary(NetworkServiceRequestSchema, call.request)
    reply(null, Buffer.from(toBinary(ConnectionSchema, create(ConnectionSchema, connection))))
  }
  const fail = (_: unknown, reply: sendUnaryData<Buffer>): void =>
    reply({ code: status.NOT_FOUND, details: 'no “ä” here', metadata: new Metadata() })
  const bounce = (call: ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>): void => {
    call.on('cancelled', left)
    call.on('data', (bytes: Buffer) => void call.write(bytes))
  }
  grpc.register(requestPath, echo, asBytes, asBytes, 'unary')
  grpc.register('/networkservice.NetworkService/Close', fail, asBytes, asBytes, 'unary')
  grpc.register(livenessPath, bounce, asBytes, asBytes, 'bidi')
  await new Promise<void>((resolve, reject) => {
    const done = (error: Error | null): void => (error === null ? resolve() : reject(error))
    grpc.bindAsync(address, ServerCredentials.createInsecure(), done)
  })
  return { address, [Symbol.asyncDispose]: async () => grpc.forceShutdown() }
}
