import { serveRegistrar } from '#forwarder/registrar.ts'
import { abortable } from '#sdk/chain/abortable.ts'
import type { ForwarderRegistrationRequest } from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { Finding } from './finding.ts'

/** A registrar in the place of a manager's, and what a forwarder has told it. */
export interface RegistrarView {
  /** The newest registration. */
  readonly registration: ForwarderRegistrationRequest
  /** Ends the registrar and serves it again; resolves when the forwarder has registered once more. Throws Finding. */
  readonly restart: () => Promise<void>
  /** Resolves with the end of a liveness stream. Throws Finding when it does not end in time. */
  readonly nextLoss: () => Promise<void>
  /** Resolves with the next registration whose liveness stream has begun. Throws Finding. */
  readonly nextRegistration: () => Promise<void>
}

/** A registrar that serves. */
export interface OpenRegistrar extends AsyncDisposable {
  /** Waits for the first registration. Throws Finding. */
  readonly first: () => Promise<RegistrarView>
}

/** Serves a registrar. Throws ALREADY_EXISTS when a manager serves the socket. */
export async function openRegistrar(path: string): Promise<OpenRegistrar> {
  const address = `unix://${path}` as const
  let server = await serveRegistrar(address)
  let registration: ForwarderRegistrationRequest | undefined
  const next = async (): Promise<ForwarderRegistrationRequest> => {
    registration = await inTime(
      'the forwarder does not register and begin RequestLiveness',
      server.nextRegistration(),
    )
    return registration
  }
  return {
    async first() {
      const said = await next()
      return {
        get registration() {
          return registration ?? said
        },
        async restart() {
          await server[Symbol.asyncDispose]()
          server = await serveRegistrar(address)
          await next()
        },
        nextLoss: async () =>
          void (await inTime('RequestLiveness does not end with the forwarder', server.nextLoss())),
        nextRegistration: async () => void (await next()),
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function inTime<T>(what: string, wanted: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(registerMs)
  try {
    return await abortable(wanted, late)
  } catch (cause) {
    throw late.aborted ? new Finding(`${what} within ${registerMs} ms`) : cause
  }
}

/** Milliseconds; a forwarder that met no registrar may pause before it tries again. */
const registerMs = 15_000
