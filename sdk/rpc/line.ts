import { connect as connectSocket } from 'node:net'
import { NsmError } from '#sdk/errors.ts'
import { Connection } from '#sdk/http2/connection.ts'
import type { ByteStream } from '#sdk/http2/wire.ts'
import { parseAddress, type Target } from './address.ts'
import { keepAlive } from './keep-alive.ts'
import type { Address } from './types.ts'

/**
 * Opens a socket to a server, or any stream that emits `connect` when it leads there; it may still be connecting, also
 * by TLS (then HTTP/2 has to be agreed by ALPN).
 */
export type Connect = (target: Target) => ByteStream

/** Milliseconds after which a connection that does not come about is given up. */
const connectTimeoutMs = 20_000

/** The way to one server: a connection that is made when it is needed, and again when it was lost. */
export class Line implements Disposable {
  readonly address: Address
  readonly target: Target
  readonly #connect: Connect
  readonly #closing = new AbortController()
  #current: Connection | undefined
  #connecting: Promise<Connection> | undefined

  /** Throws BAD_CONFIG for a malformed address. */
  constructor(address: Address, connect: Connect = plainly) {
    this.address = address
    this.target = parseAddress(address)
    this.#connect = connect
  }

  /** Aborted when the line is disposed of. */
  get closed(): AbortSignal {
    return this.#closing.signal
  }

  /** The connection of now, if there is one that calls can use. */
  get current(): Connection | undefined {
    return this.#current?.usable === true ? this.#current : undefined
  }

  /** A connection that can be used. Fails with the socket's error. */
  async connection(): Promise<Connection> {
    if (this.current !== undefined) return this.current
    this.#connecting ??= this.#made()
    try {
      return await this.#connecting
    } finally {
      this.#connecting = undefined
    }
  }

  /** Cancels the calls that are running. */
  [Symbol.dispose](): void {
    this.#closing.abort(new NsmError('CANCELLED', `the channel to ${this.address} was closed`))
    this.#current?.leave()
  }

  async #made(): Promise<Connection> {
    const socket = this.#connect(this.target)
    await connected(socket, this.closed)
    const connection = new Connection(socket)
    keepAlive(connection, socket)
    this.#current = connection
    if (this.closed.aborted) connection.leave()
    return connection
  }
}

function plainly(target: Target): ByteStream {
  return target.kind === 'tcp'
    ? connectSocket({ host: target.host, port: target.port, noDelay: true })
    : connectSocket({ path: target.path })
}

function connected(socket: ByteStream, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const event = 'encrypted' in socket ? 'secureConnect' : 'connect'
  const giveUp = (): void => void socket.destroy(NsmError.from(signal.reason))
  const timer = setTimeout(
    () => socket.destroy(new Error(`no connection within ${connectTimeoutMs / 1000} s`)),
    connectTimeoutMs,
  )
  socket.once('error', reject)
  socket.once('close', () => reject(new Error('the connection was closed')))
  socket.once(event, resolve)
  signal.addEventListener('abort', giveUp)
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
  })
}
