import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  answer,
  begin,
  chain,
  dial,
  type EndpointStep,
  idOf,
  implement,
  ipam,
  kernelMechanism,
  NetworkService,
  newAllocator,
  type Server,
  serve,
  validate,
} from './index.ts'

test('sdk has all that an endpoint with a step of its own needs', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'nsm-sdk-'))
  const address = `unix://${directory.path}/endpoint.sock` as const
  const open: string[] = []

  await using _server = await doorEndpoint(address, open)
  await using channel = dial(address)
  const client = channel.client(NetworkService)

  const connection = await client.request({ connection: { id: 'c1', networkService: 'door' } })
  expect(connection.context?.ipContext).toMatchObject({
    srcIpAddrs: ['10.60.1.1/30'],
    dstIpAddrs: ['10.60.1.2/30'],
  })
  expect(open).toEqual(['c1'])

  await client.close(connection)
  expect(open).toEqual([])
  await expect(client.request({ connection: { id: 'c2', networkService: 'window' } })).rejects.toMatchObject({
    code: 'SERVICE_NOT_FOUND',
  })
})

/** Opens a door for each connection and shuts it when the connection ends. */
function door(open: string[]): EndpointStep {
  return {
    name: 'door',
    async request(request, call, next) {
      const id = idOf(request)
      await call.scope.own('door', async () => {
        open.push(id)
        return { value: id, release: async () => void open.splice(open.indexOf(id), 1) }
      })
      return await next(request, call)
    },
  }
}

function doorEndpoint(address: `unix://${string}`, open: string[]): Promise<Server> {
  const pool = newAllocator({ cidrs: ['10.60.1.0/24'] })
  const service = chain(validate(['door']), kernelMechanism(), ipam([pool]), door(open))(answer)
  const endpoint = begin(service, { idOf })
  return serve({
    address,
    peerOf: () => undefined,
    services: [
      implement(NetworkService, {
        request: (request, { signal }) => endpoint.request(request, signal),
        close: async ({ id }, { signal }) => {
          await endpoint.close(id, signal)
          return {}
        },
      }),
    ],
  })
}
