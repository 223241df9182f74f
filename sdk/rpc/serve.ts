import { createServer, type Socket } from 'node:net'
import { Connection } from '#sdk/http2/connection.ts'
import { type Log, silent } from '#sdk/log.ts'
import { accepting, type Host } from './accept.ts'
import { Calls } from './calls.ts'
import { type Handling, handling } from './handle.ts'
import { type Health, healthCheck } from './health.ts'
import { Hoard } from './hoard.ts'
import type { Served } from './implement.ts'
import { keepAlive } from './keep-alive.ts'
import { type Listening, listen } from './listen.ts'
import type { Address } from './types.ts'

/** What to serve, where, and how to know the callers. */
export interface ServeOptions<P> {
  /** Where to listen. With `listen` it is only the name that the server goes by. */
  readonly address?: Address
  /** A listening socket that this process inherited, in place of an address. */
  readonly listen?: { readonly fd: number }
  readonly services: readonly Served<P>[]
  /** Called once per accepted connection before any call is served; if it throws, the connection is destroyed. */
  readonly peerOf: (socket: Socket) => P
  /** Makes the socket to speak HTTP/2 over of an accepted one, such as its TLS; if it fails, the connection is destroyed. */
  readonly secure?: (socket: Socket) => Promise<Socket>
  /** Default: says nothing. */
  readonly log?: Log
  /** Permissions of a unix socket's file; default 0o600. */
  readonly mode?: number
  /** Connections at a time, beyond which new ones are closed; default 10,000 over TCP, else 1,000. */
  readonly mostConnections?: number
  /** What health checks are told, at each of them; default: that it serves. */
  readonly health?: () => Health
}

/** A running server. Disposing stops accepting, ends the calls within a second and removes the socket's file. */
export interface Server extends AsyncDisposable {
  readonly address: Address
}

/** Milliseconds that unary calls have to finish when the server ends, and after which connections are cut. */
const grace = { unary: 500, connection: 1_000 } as const

/** Serves gRPC, with `grpc.health.v1.Health` beside the given services. */
export async function serve<P>(options: ServeOptions<P>): Promise<Server> {
  const running: Running<P> = {
    calls: new Calls(),
    hoard: new Hoard(),
    log: options.log ?? silent,
    handlings: new Map(handlingsOf(options).map(each => [each.path, each])),
    sockets: new Set(),
    connections: new Set(),
  }
  const listener = createServer({ noDelay: true }, socket => void admit(socket, options, running))
  listener.maxConnections =
    options.mostConnections ?? (options.address?.startsWith('tcp:') === true ? 10_000 : 1_000)
  const listening = await listen(listener, {
    address: options.address,
    listen: options.listen,
    mode: options.mode ?? 0o600,
  })
  listener.on('error', err =>
    running.log.error({ err, address: listening.address }, 'accepting a connection failed'),
  )
  return {
    address: listening.address,
    [Symbol.asyncDispose]: () => shutDown(listening, running),
  }
}

interface Running<P> extends Host<P> {
  /** All that were accepted and have not closed. */
  readonly sockets: Set<Socket>
  /** Those of them that calls may come over. */
  readonly connections: Set<Connection>
}

function handlingsOf<P>({ services, health }: ServeOptions<P>): readonly Handling<P>[] {
  const names = new Set(services.map(({ service }) => service.typeName))
  return [
    ...services.flatMap(({ methods }) => methods).map(method => handling(method)),
    healthCheck(names, health),
  ]
}

async function admit<P>(
  socket: Socket,
  { peerOf, secure }: ServeOptions<P>,
  running: Running<P>,
): Promise<void> {
  const { sockets, connections, log } = running
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  // Whoever resets the connection before we know him must not end the program.
  socket.on('error', () => undefined)
  try {
    const speaking = secure === undefined ? socket : await secure(socket)
    const connection = new Connection(speaking, accepting(running, peerOf(speaking)))
    connections.add(connection)
    keepAlive(connection, socket)
    await connection.closed
    connections.delete(connection)
  } catch (err) {
    log.warn({ err }, 'refused a connection because its peer could not be identified')
    socket.destroy()
  }
}

async function shutDown<P>(listening: Listening, { calls, sockets, connections }: Running<P>): Promise<void> {
  listening.close()
  calls.abort('stream')
  for (const connection of connections) connection.leave()
  const timers = [
    setTimeout(() => calls.abort('unary'), grace.unary),
    setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, grace.connection),
  ]
  // Not `once` of node:events, which fails when a caller resets his connection meanwhile.
  const closing = Array.from(sockets, socket =>
    socket.closed ? Promise.resolve() : new Promise(resolve => socket.once('close', resolve)),
  )
  await Promise.all(closing)
  for (const timer of timers) clearTimeout(timer)
}
