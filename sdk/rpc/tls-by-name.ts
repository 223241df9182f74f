import type { Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Target } from './address.ts'
import { type Credentials, newHandshakes, tlsOfBoth, wordsOf } from './tls.ts'

/** Whom a client believes to be the server. */
export interface NamedServer {
  /** DNS name that the server's certificate must have, whatever address it is reached at. */
  readonly name: string
  /** PEM. */
  readonly authorities: string
}

/**
 * Makes the TLS side of accepted connections whose callers show no certificate: only what they say tells who they are.
 * Credentials are asked for at each connection.
 */
export function serverByName(
  credentials: () => Omit<Credentials, 'authorities'>,
): (socket: Socket) => Promise<TLSSocket> {
  const handshake = newHandshakes()
  return async socket => {
    const { certificate, key } = credentials()
    return await handshake(socket, { certificate, key })
  }
}

/** Makes connections to a server that is known by its name; we show it no certificate. */
export function clientByName({ name, authorities }: NamedServer): (target: Target) => TLSSocket {
  return target => {
    const socket = connect({
      ...tlsOfBoth,
      ...(target.kind === 'tcp' ? { host: target.host, port: target.port } : { path: target.path }),
      servername: name,
      ca: authorities,
    })
    socket.setNoDelay(true)
    // Before the listeners of the one who connects: he hands the message on.
    socket.on('error', error => {
      const words = wordsOf(error)
      if (words !== undefined) error.message = `the certificate of ${name} is refused: ${words}`
    })
    return socket
  }
}
