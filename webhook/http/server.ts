import { randomBytes, X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { createSecureContext, type TlsOptions } from 'node:tls'
import type { KeyPair } from '#webhook/certificate/key-pair.ts'
import { type Answering, answerReview, reviewPaths } from './answer.ts'
import { handleBadConnections } from './bad-connections.ts'
import { drain } from './drain.ts'
import { newLargeBodies } from './large-bodies.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { listen } from './listen.ts'
import type { ListenAddress } from './listen-address.ts'
import { newPages } from './pages.ts'
import type { ReadLimits } from './read-body.ts'
import { trackUnused } from './unused-connections.ts'

/** What the server needs. */
export interface ServerOptions extends Omit<Answering, keyof ReadLimits> {
  readonly keyPair: KeyPair
  /** Why API servers could not use this webhook now; undefined when they can. */
  readonly readyReason: () => string | undefined
  /** Where they differ from `defaultLimits`. */
  readonly limits?: Partial<Limits>
}

/** The HTTPS server; disposing closes it as `drain(0)` does. */
export interface WebhookServer extends AsyncDisposable {
  /** Begins to serve; gives the URL, with the port that was taken. Throws BAD_CONFIG when the address cannot be had. */
  listen(address: ListenAddress): Promise<string>
  /** Serves new connections with another key pair; open ones go on. Throws when key and certificate do not match. */
  useKeyPair(keyPair: KeyPair): void
  /**
   * Goes away without losing a request: is not ready from now on and sends its clients elsewhere, serves for so many
   * milliseconds until everybody knows, then takes no more connections and finishes what it has. The signal ends all
   * waiting.
   */
  drain(delayMs: number, signal: AbortSignal): Promise<void>
}

/** The HTTPS server, not yet listening: `POST /mutate`, `POST /mutate/inherited`, `GET /healthz`, `GET /readyz`. */
export function newServer(options: ServerOptions): WebhookServer {
  const limits = { ...defaultLimits, ...options.limits }
  const { log, metrics } = options
  const answering = { ...options, limits, largeBodies: newLargeBodies(limits.largeBodies) }
  let leaving = false
  const readyReason = () => (leaving ? 'the webhook is stopping' : options.readyReason())
  const pages = newPages({ readyReason, log, metrics })
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    if (leaving) response.setHeader('connection', 'close')
    const path = request.method === 'POST' ? pathOf(request) : undefined
    const reviewPath = reviewPaths.find(known => known === path)
    if (reviewPath === undefined) pages.routing(request, response)
    else void answerReview({ request, response }, reviewPath, answering)
  }
  const server = createServer({ ...httpOptions(limits), ...tlsOptions(options.keyPair) }, handle)
  server.keepAliveTimeout = limits.keepAliveMs
  server.maxConnections = limits.connections
  server.maxHeadersCount = 100
  handleBadConnections(server, { log, metrics, keepAliveMs: limits.keepAliveMs })
  const closeUnused = trackUnused(server)
  metrics.certificateNotAfter(notAfter(options.keyPair))
  const leave = async (delayMs: number, signal: AbortSignal) => {
    leaving = true
    await drain({ server, closeUnused, delayMs, finishMs: limits.headersMs + limits.bodyMs }, signal)
  }
  return {
    async listen(address) {
      await pages.ready()
      return `https://${await listen(server, { address, variable: 'NSM_WEBHOOK_LISTEN' })}`
    },
    useKeyPair(keyPair) {
      createSecureContext(keyPair)
      server.setSecureContext(tlsOptions(keyPair))
      metrics.certificateNotAfter(notAfter(keyPair))
    },
    drain: leave,
    async [Symbol.asyncDispose]() {
      await leave(0, new AbortController().signal)
      await pages.close()
    },
  }
}

/** The API server adds `?timeout=10s`; proxies may send the whole URL (RFC 9112 section 3.2.2). */
function pathOf({ url = '' }: IncomingMessage): string {
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/]*/i, '')
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}

function httpOptions(limits: Limits) {
  return {
    maxHeaderSize: limits.headers,
    headersTimeout: limits.headersMs,
    // The body has its own clock, which can answer; this one is for bodies of requests that were refused.
    requestTimeout: limits.headersMs + limits.bodyMs,
    connectionsCheckingInterval: Math.min(500, limits.headersMs),
    handshakeTimeout: limits.handshakeMs,
  }
}

function tlsOptions({ cert, key }: KeyPair): TlsOptions {
  return {
    cert,
    key,
    minVersion: 'TLSv1.2',
    // HTTP/2 stays off: API servers do not use it for webhooks, and its resets are a way to overload a server.
    ALPNProtocols: ['http/1.1'],
    // Sessions end with the key pair, so that a client that resumes one has verified the certificate of today.
    ticketKeys: randomBytes(48),
  }
}

function notAfter({ cert }: KeyPair): number {
  return Date.parse(new X509Certificate(cert).validTo) / 1000
}
