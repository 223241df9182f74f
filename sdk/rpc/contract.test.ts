import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { dial } from './dial.ts'
import { serveNetworkService, socketDirectory } from './fixture.ts'
import type { Address, CallOptions } from './types.ts'
import { unary } from './unary.ts'

const method = NetworkService.method.request

/** The two ways to make one unary call; whatever holds for one holds for the other. */
const dialers = [
  {
    name: 'dial()',
    request: async (address: Address, id: string, options?: CallOptions) => {
      await using channel = dial(address)
      return await channel.client(NetworkService).request({ connection: { id } }, options)
    },
  },
  {
    name: 'unary()',
    request: (address: Address, id: string, options?: CallOptions) =>
      unary(address, method, { connection: { id } }, options),
  },
] as const

for (const { name, request } of dialers) {
  describe(name, () => {
    const addresses: readonly { readonly name: string; readonly of: (unix: Address) => Address }[] = [
      { name: 'a unix socket', of: unix => unix },
      { name: 'an abstract unix socket', of: () => `unix-abstract://nsm-rpc-${process.pid}-${name}` },
      { name: 'TCP over IPv4', of: () => 'tcp://127.0.0.1:0' },
      { name: 'TCP over IPv6', of: () => 'tcp://[::1]:0' },
    ]
    for (const { name: where, of } of addresses) {
      it(`gets the answer of a server at ${where}`, async () => {
        using directory = socketDirectory()
        await using server = await serveNetworkService(of(directory.socket('s').address), {
          request: async ({ connection }) => ({ id: `${connection?.id}!`, labels: { app: 'ö' } }),
        })
        expect(await request(server.address, 'c1')).toEqual(
          create(ConnectionSchema, { id: 'c1!', labels: { app: 'ö' } }),
        )
      })
    }

    const messages = [
      'the pool 10.0.0.0/30 of nse-1 is exhausted; widen IP_ADDRESS',
      '100 % “ä 😀\nnext line\t\u0000 %41 %zz',
      '',
    ]
    for (const message of messages) {
      it(`throws the code and the message ${JSON.stringify(message)} of the server`, async () => {
        using directory = socketDirectory()
        await using server = await serveNetworkService(directory.socket('s').address, {
          request: async () => {
            throw new NsmError('POOL_EXHAUSTED', message)
          },
        })
        await expect(request(server.address, 'c1')).rejects.toMatchObject({ code: 'POOL_EXHAUSTED', message })
      })
    }

    it('throws the beginning of a message that is too long for a trailer', async () => {
      using directory = socketDirectory()
      await using server = await serveNetworkService(directory.socket('s').address, {
        request: async () => {
          throw new NsmError('KERNEL', 'é'.repeat(100_000))
        },
      })
      await expect(request(server.address, 'c1')).rejects.toMatchObject({
        code: 'KERNEL',
        message: `${'é'.repeat(2_000)}…`,
      })
    })

    it('throws INTERNAL without the internals when a handler throws something else', async () => {
      using directory = socketDirectory()
      await using server = await serveNetworkService(directory.socket('s').address, {
        request: async () => {
          throw new TypeError('secret')
        },
      })
      await expect(request(server.address, 'c1')).rejects.toMatchObject({
        code: 'INTERNAL',
        message: expect.not.stringContaining('secret'),
      })
    })

    it('throws SOCKET_MISSING naming the socket when its file is absent', async () => {
      using directory = socketDirectory()
      const { address } = directory.socket('absent')
      await expect(request(address, 'c1')).rejects.toMatchObject({
        code: 'SOCKET_MISSING',
        message: expect.stringContaining(address),
      })
    })

    it('throws MANAGER_UNAVAILABLE when nothing listens', async () => {
      const server = await serveNetworkService('tcp://127.0.0.1:0')
      await server[Symbol.asyncDispose]()
      await expect(request(server.address, 'c1')).rejects.toMatchObject({
        code: 'MANAGER_UNAVAILABLE',
        message: expect.stringContaining(server.address),
      })
    })

    it('throws DEADLINE when the answer takes too long, and the handler is told', async () => {
      using directory = socketDirectory()
      const told = Promise.withResolvers<unknown>()
      await using server = await serveNetworkService(directory.socket('s').address, {
        request: (_, { signal }) => hang(signal, told),
      })
      await expect(request(server.address, 'c1', { timeoutMs: 60 })).rejects.toMatchObject({
        code: 'DEADLINE',
        message: expect.stringContaining('60 ms'),
      })
      expect(await told.promise).toBeInstanceOf(NsmError)
    })

    it('throws CANCELLED when the caller gives up, and the handler is told', async () => {
      using directory = socketDirectory()
      const told = Promise.withResolvers<unknown>()
      const giveUp = new AbortController()
      await using server = await serveNetworkService(directory.socket('s').address, {
        request: (_, { signal }) => {
          giveUp.abort()
          return hang(signal, told)
        },
      })
      await expect(request(server.address, 'c1', { signal: giveUp.signal })).rejects.toMatchObject({
        code: 'CANCELLED',
      })
      expect(await told.promise).toMatchObject({ code: 'CANCELLED' })
    })

    it('throws the reason of the signal when that is an NsmError', async () => {
      const reason = new NsmError('CONFLICT', 'closed meanwhile')
      await expect(request('tcp://127.0.0.1:1', 'c1', { signal: AbortSignal.abort(reason) })).rejects.toBe(
        reason,
      )
    })

    it('throws MANAGER_UNAVAILABLE when the server ends before it answers', async () => {
      using directory = socketDirectory()
      const asked = Promise.withResolvers<void>()
      const server = await serveNetworkService(directory.socket('s').address, {
        request: () => {
          asked.resolve()
          return new Promise(() => undefined)
        },
      })
      const failed = expect(request(server.address, 'c1')).rejects.toMatchObject({
        code: 'MANAGER_UNAVAILABLE',
        message: expect.stringContaining('shutting down'),
      })
      await asked.promise
      await server[Symbol.asyncDispose]()
      await failed
    })

    it('carries a message of a megabyte', async () => {
      using directory = socketDirectory()
      await using server = await serveNetworkService(directory.socket('s').address)
      const id = 'x'.repeat(1024 * 1024)
      expect((await request(server.address, id)).id).toBe(id)
    })

    it('throws BAD_CONFIG for an address of another form', async () => {
      await expect(request('unix://relative', 'c1')).rejects.toMatchObject({ code: 'BAD_CONFIG' })
    })
  })
}

function hang(signal: AbortSignal, told: PromiseWithResolvers<unknown>): Promise<never> {
  signal.addEventListener('abort', () => told.resolve(signal.reason), { once: true })
  return new Promise(() => undefined)
}
