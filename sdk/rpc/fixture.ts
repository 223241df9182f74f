import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { implement } from './implement.ts'
import { type ServeOptions, type Server, serve } from './serve.ts'
import type { Address, Handlers } from './types.ts'

/** A directory for the sockets of one test; disposing removes it. */
export function socketDirectory(): Disposable & {
  readonly socket: (name: string) => { readonly path: string; readonly address: Address }
} {
  const directory = mkdtempSync(join(tmpdir(), 'rpc-'))
  return {
    socket: name => {
      const path = join(directory, name)
      return { path, address: `unix://${path}` }
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}

type NetworkServiceHandlers = Handlers<typeof NetworkService, string>

/** Serves NetworkService with the given handlers; what is not given echoes or succeeds. The peer is the word 'peer'. */
export function serveNetworkService(
  address: Address,
  handlers: Partial<NetworkServiceHandlers> = {},
  options: Partial<ServeOptions<string>> = {},
): Promise<Server> {
  const served = implement<typeof NetworkService, string>(NetworkService, {
    request: async ({ connection }) => connection ?? {},
    close: async () => ({}),
    ...handlers,
  })
  return serve({ address, services: [served], peerOf: () => 'peer', ...options })
}
