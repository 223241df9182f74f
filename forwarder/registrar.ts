/** A manager's registrar for tests: remembers who registered and who is alive. */
import { NsmError } from '#sdk/errors.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { type Server, serve } from '#sdk/rpc/serve.ts'
import type { Address } from '#sdk/rpc/types.ts'
import {
  ForwarderRegistration,
  type ForwarderRegistrationRequest,
} from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'

/** A manager’s registrar, as far as forwarders know it. */
export interface Registrar extends AsyncDisposable {
  /** The next registration whose liveness stream has begun. */
  nextRegistration(): Promise<ForwarderRegistrationRequest>
  /** Resolves when a liveness stream ends. */
  nextLoss(): Promise<'lost'>
}

/** Serves a registrar that refuses so many requests before it takes one. */
export async function serveRegistrar(address: Address, refusals = 0): Promise<Registrar> {
  let request: ForwarderRegistrationRequest | undefined
  let left = refusals
  const registered = newSignals<ForwarderRegistrationRequest>()
  const lost = newSignals<'lost'>()
  const server: Server = await serve({
    address,
    peerOf: () => undefined,
    services: [
      implement<typeof ForwarderRegistration, undefined>(ForwarderRegistration, {
        async requestForwarderRegistration(input) {
          left -= 1
          if (left >= 0) throw new NsmError('ALREADY_EXISTS', 'another forwarder has that name')
          request = input
          return { registered: true }
        },
        async *requestLiveness(beats) {
          try {
            for await (const _ of beats) {
              if (request !== undefined) registered.send(request)
              yield {}
            }
          } finally {
            lost.send('lost')
          }
        },
      }),
    ],
  })
  return {
    nextRegistration: () => registered.next(),
    nextLoss: () => lost.next(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function newSignals<T>() {
  const waiting: T[] = []
  let wake = Promise.withResolvers<void>()
  return {
    send(value: T): void {
      waiting.push(value)
      wake.resolve()
    },
    async next(): Promise<T> {
      for (;;) {
        const [value] = waiting.splice(0, 1)
        if (value !== undefined) return value
        wake = Promise.withResolvers()
        await wake.promise
      }
    },
  }
}
