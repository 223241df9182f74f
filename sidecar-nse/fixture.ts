import { join } from 'node:path'
import type { NsmError } from '#sdk/errors.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { serve } from '#sdk/rpc/serve.ts'
import {
  type NetworkService,
  type NetworkServiceEndpoint,
  NetworkServiceEndpointRegistry,
  NetworkServiceRegistry,
} from '#sdk/wire/gen/registry/registry_pb.ts'

/** For tests: a manager's registries on a real socket in `folder`, which remember what they are told. */
export async function registryIn(
  folder: string,
  behaviour: {
    readonly rename?: (name: string) => string
    readonly refuse?: (name: string) => NsmError | undefined
  } = {},
) {
  const services: NetworkService[] = []
  const endpoints: NetworkServiceEndpoint[] = []
  const unregistered: string[] = []
  const watched: string[] = []
  let lost = Promise.withResolvers<void>()
  const server = await serve({
    address: `unix://${join(folder, 'nsm.server.io.sock')}`,
    peerOf: () => undefined,
    services: [
      implement(NetworkServiceRegistry, {
        register: service => {
          services.push(service)
          return Promise.resolve(service)
        },
        async *find() {},
        unregister: () => Promise.resolve({}),
      }),
      implement(NetworkServiceEndpointRegistry, {
        register: endpoint => {
          endpoints.push(endpoint)
          const refusal = behaviour.refuse?.(endpoint.name)
          if (refusal !== undefined) return Promise.reject(refusal)
          return Promise.resolve({ ...endpoint, name: behaviour.rename?.(endpoint.name) ?? endpoint.name })
        },
        async *find({ networkServiceEndpoint }, { signal }) {
          const name = networkServiceEndpoint?.name ?? ''
          watched.push(name)
          signal.addEventListener('abort', () => lost.resolve(), { once: true })
          await lost.promise
          lost = Promise.withResolvers()
          yield { deleted: true, networkServiceEndpoint: { name } }
        },
        unregister: ({ name }) => {
          unregistered.push(name)
          return Promise.resolve({})
        },
      }),
    ],
  })
  return {
    services,
    endpoints,
    unregistered,
    watched,
    lose: () => lost.resolve(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
