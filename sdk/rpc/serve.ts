import { createServer, type Socket } from 'node:net'
import {
  Server as GrpcServer,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  ServerCredentials,
} from '@grpc/grpc-js'
import { type Log, silent } from '#sdk/log.ts'
import { Calls } from './calls.ts'
import { asBytes, messageLimit } from './codec.ts'
import { Connections } from './connections.ts'
import { type Host, handleBidi, handleServerStream, handleUnary } from './handle.ts'
import { checkHealth, healthCheckPath } from './health.ts'
import type { Served, ServedMethod } from './implement.ts'
import { type Listening, listen } from './listen.ts'
import { methodPath } from './method.ts'
import type { Address } from './types.ts'

/** What to serve, where, and how to know the callers. */
export interface ServeOptions<P> {
  /** Where to listen. With `listen` it is only the name that the server goes by. */
  readonly address?: Address
  /** A listening socket that this process inherited, in place of an address. */
  readonly listen?: { readonly fd: number }
  readonly services: readonly Served<P>[]
  /** Called once per accepted connection before any byte is read; if it throws, the connection is destroyed. */
  readonly peerOf: (socket: Socket) => P
  /** Default: says nothing. */
  readonly log?: Log
  /** Permissions of a unix socket's file; default 0o600. */
  readonly mode?: number
}

/** A running server. Disposing stops accepting, ends the calls within a second and removes the socket's file. */
export interface Server extends AsyncDisposable {
  readonly address: Address
}

/** Milliseconds that unary calls have to finish when the server ends, and after which connections are cut. */
const grace = { unary: 500, connection: 1_000 } as const

/** Serves gRPC, with `grpc.health.v1.Health` beside the given services. */
export async function serve<P>(options: ServeOptions<P>): Promise<Server> {
  const host: Host<P> = { calls: new Calls(), connections: new Connections(), log: options.log ?? silent }
  const grpc = newGrpcServer(options.services, host)
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure())
  const listener = createServer(socket => {
    if (admit(socket, options.peerOf, host)) injector.injectConnection(socket)
  })
  const listening = await listen(listener, {
    address: options.address,
    listen: options.listen,
    mode: options.mode ?? 0o600,
  })
  listener.on('error', err =>
    host.log.error({ err, address: listening.address }, 'accepting a connection failed'),
  )
  return {
    address: listening.address,
    [Symbol.asyncDispose]: () => shutDown({ grpc, listening, host }),
  }
}

function admit<P>(socket: Socket, peerOf: (socket: Socket) => P, host: Host<P>): boolean {
  try {
    host.connections.admit(socket, peerOf(socket))
    return true
  } catch (err) {
    host.log.warn({ err }, 'refused a connection because its peer could not be identified')
    socket.destroy()
    return false
  }
}

function newGrpcServer<P>(services: readonly Served<P>[], host: Host<P>): GrpcServer {
  const grpc = new GrpcServer({
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': messageLimit,
    'grpc.max_send_message_length': messageLimit,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
  })
  for (const served of services.flatMap(service => service.methods)) register(grpc, served, host)
  const names = new Set(services.map(({ service }) => service.typeName))
  const health: handleUnaryCall<Buffer, Buffer> = (call, reply) => checkHealth(names, call, reply)
  grpc.register(healthCheckPath, health, asBytes, asBytes, 'unary')
  return grpc
}

function register<P>(grpc: GrpcServer, served: ServedMethod<P>, host: Host<P>): void {
  const path = methodPath(served.method)
  switch (served.kind) {
    case 'unary': {
      const serveCall: handleUnaryCall<Buffer, Buffer> = (call, reply) =>
        void handleUnary(served, host, { call, reply })
      grpc.register(path, serveCall, asBytes, asBytes, 'unary')
      return
    }
    case 'server_streaming': {
      const serveCall: handleServerStreamingCall<Buffer, Buffer> = call =>
        void handleServerStream(served, host, call)
      grpc.register(path, serveCall, asBytes, asBytes, 'serverStream')
      return
    }
    case 'bidi_streaming': {
      const serveCall: handleBidiStreamingCall<Buffer, Buffer> = call => void handleBidi(served, host, call)
      grpc.register(path, serveCall, asBytes, asBytes, 'bidi')
    }
  }
}

interface Running<P> {
  readonly grpc: GrpcServer
  readonly listening: Listening
  readonly host: Host<P>
}

async function shutDown<P>({ grpc, listening, host }: Running<P>): Promise<void> {
  listening.close()
  host.calls.abort('stream')
  // Sends GOAWAY; it calls back at once (Node's http2 servers close their sessions themselves), so we wait for the sockets.
  grpc.tryShutdown(() => undefined)
  const timers = [
    setTimeout(() => host.calls.abort('unary'), grace.unary),
    setTimeout(() => host.connections.cut(), grace.connection),
  ]
  await host.connections.closed()
  for (const timer of timers) clearTimeout(timer)
}
