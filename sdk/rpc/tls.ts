import type { Socket } from 'node:net'
import { connect, createServer, type PeerCertificate, TLSSocket } from 'node:tls'
import { NsmError } from '#sdk/errors.ts'
import type { Target } from './address.ts'

/** By what this program is known to others, and whom it believes. All PEM. */
export interface Credentials {
  /** The own certificate first, then those between it and an authority. */
  readonly certificate: string
  /** PKCS #8. */
  readonly key: string
  readonly authorities: string
}

/** Milliseconds that a handshake may take. */
const handshakeTimeout = 5000

/** Handshakes of one server at a time: a caller that has shown no certificate yet costs memory. */
const mostHandshakes = 1000

/** Both ends: TLS 1.3 (RFC 8446) and HTTP/2 (RFC 7540 §3.3). */
export const tlsOfBoth = { minVersion: 'TLSv1.3', ALPNProtocols: ['h2'] } as const

/** The name of a node in its certificate: a SPIFFE id. */
export function nodeUri(node: string): string {
  return `spiffe://nsm/node/${encodeURIComponent(node)}`
}

/**
 * Makes the TLS side of accepted connections; a caller has to show a certificate of an authority that is believed.
 * Credentials are asked for at each connection, so that new ones serve without a restart. DENIED says why a caller was
 * refused.
 */
export function secureServer(credentials: () => Credentials): (socket: Socket) => Promise<TLSSocket> {
  const handshake = newHandshakes()
  return async socket => {
    const secured = await handshake(socket, credentials())
    const reason = refusalOf(secured)
    if (reason === undefined) return secured
    secured.destroy()
    throw new NsmError('DENIED', `${from(socket)}: ${reason}`)
  }
}

/** Makes connections to the program of one node; the other side has to show that node's certificate. */
export function secureClient(credentials: () => Credentials, node: string): (target: Target) => TLSSocket {
  return target => {
    const { certificate, key, authorities } = credentials()
    const socket = connect({
      ...tlsOfBoth,
      ...(target.kind === 'tcp' ? { host: target.host, port: target.port } : { path: target.path }),
      cert: certificate,
      key,
      ca: authorities,
      checkServerIdentity: (_, shown) => otherNode(node, shown),
    })
    socket.setNoDelay(true)
    // Before the listeners of the one who connects: he hands the message on.
    socket.on('error', error => {
      const words = wordsOf(error)
      if (words !== undefined) error.message = `the certificate of node ${node} is refused: ${words}`
    })
    return socket
  }
}

/** The node that the certificate at the other end of a connection names. DENIED when it names none. */
export function nodeOf(socket: Socket): string {
  const names = socket instanceof TLSSocket ? uriNames(socket.getPeerX509Certificate()?.subjectAltName) : []
  const node = names.map(nodeIn).find(name => name !== undefined)
  if (node !== undefined) return node
  throw new NsmError('DENIED', `${from(socket)}: its certificate names no node`)
}

/** Credentials of a server; without authorities its callers need show no certificate. */
type ServerCredentials = Omit<Credentials, 'authorities'> & Partial<Credentials>

/** TLS handshakes over accepted sockets; not more at a time than one server can bear. DENIED says why one failed. */
export function newHandshakes(): (socket: Socket, credentials: ServerCredentials) => Promise<TLSSocket> {
  let running = 0
  return async (socket, credentials) => {
    if (running >= mostHandshakes)
      throw new NsmError(
        'DENIED',
        `${from(socket)}: ${mostHandshakes} others have not shown who they are yet`,
      )
    running += 1
    return await shake(socket, credentials).finally(() => void (running -= 1))
  }
}

async function shake(
  socket: Socket,
  { certificate, key, authorities }: ServerCredentials,
): Promise<TLSSocket> {
  const outcome = Promise.withResolvers<TLSSocket>()
  // A server of its own per connection ties each handshake to its socket, and takes the newest credentials.
  const server = createServer({
    ...tlsOfBoth,
    handshakeTimeout,
    cert: certificate,
    key,
    ...(authorities === undefined ? {} : { ca: authorities, requestCert: true }),
    // Node would close such a connection without saying why; it is looked at before anything is read from it.
    rejectUnauthorized: false,
  })
  server.once('secureConnection', outcome.resolve)
  server.once('tlsClientError', error =>
    outcome.reject(
      new NsmError('DENIED', `${from(socket)}: the TLS handshake failed: ${error.message}`, { cause: error }),
    ),
  )
  server.emit('connection', socket)
  const secured = await outcome.promise
  // Whoever resets the connection before it is in use must not end the program.
  secured.on('error', () => undefined)
  return secured
}

/** Why a caller is not believed; undefined when it is. */
function refusalOf(socket: TLSSocket): string | undefined {
  if (socket.getPeerX509Certificate() === undefined) return 'it shows no certificate'
  if (socket.authorized) return undefined
  const { authorizationError } = socket
  return sentences[String(authorizationError)] ?? `its certificate is refused: ${String(authorizationError)}`
}

/** What OpenSSL's verification results (x509_vfy.h) mean here. */
const sentences: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired; it has to be renewed by the issuer, or a clock is wrong',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; a clock is wrong',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate was signed by an authority that is not believed here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate was signed by an authority that is not believed here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate was signed by an authority that is not believed here',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate was signed by an authority that is not believed here',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate was signed by itself',
  CERT_SIGNATURE_FAILURE: 'its certificate was not signed by the authority that it names',
  INVALID_PURPOSE: 'its certificate is not for this end of TLS',
}

/** Why the other end's certificate is refused, in words; undefined when the error is another one. */
export function wordsOf(error: Error): string | undefined {
  if (!('code' in error)) return undefined
  return sentences[String(error.code)] ?? (error instanceof OtherNodeError ? error.message : undefined)
}

class OtherNodeError extends Error {
  readonly code = 'OTHER_NODE'
}

function otherNode(expected: string, { subjectaltname }: PeerCertificate): Error | undefined {
  const names = uriNames(subjectaltname)
  if (names.includes(nodeUri(expected))) return undefined
  return new OtherNodeError(`it is for ${names.join(', ') || 'no node'}`)
}

/** `URI:a, DNS:b` → `a`. */
function uriNames(altName: string | undefined): readonly string[] {
  return (altName ?? '').split(', ').flatMap(name => (name.startsWith('URI:') ? [name.slice(4)] : []))
}

function nodeIn(uri: string): string | undefined {
  const prefix = nodeUri('')
  return uri.startsWith(prefix) && uri.length > prefix.length
    ? decodeURIComponent(uri.slice(prefix.length))
    : undefined
}

function from({ remoteAddress = 'an address that is gone', remotePort }: Socket): string {
  return `refused a connection from ${remoteAddress}${remotePort === undefined ? '' : `:${remotePort}`}`
}
