import { createSecureContext } from 'node:tls'
import { type FastifyReply, type FastifyRequest, fastify, type HTTPMethods } from 'fastify'
import { readReview } from '#kube/admission-review.ts'
import { ShapeError } from '#kube/shape.ts'
import type { Log } from '#sdk/log.ts'
import type { KeyPair } from '#webhook/key-pair.ts'
import { review } from '#webhook/review.ts'
import type { PatchSettings } from '#webhook/settings.ts'

/** The API server takes 3 MiB from a user; an UPDATE that brings the old object as well stays below this in practice. */
const bodyLimit = 4 * 1024 * 1024

/** What the server needs. */
export interface ServerOptions {
  readonly keyPair: KeyPair
  readonly settings: PatchSettings
  readonly log: Log
  /** Whether the certificate in use is valid now. */
  readonly isReady: () => boolean
}

/** The HTTPS server of `newServer`. */
export type WebhookServer = ReturnType<typeof newServer>

/** The HTTPS server, not yet listening: `POST /mutate`, `GET /healthz`, `GET /readyz`. */
export function newServer({ keyPair, settings, log, isReady }: ServerOptions) {
  const server = fastify({
    https: { ...keyPair, minVersion: 'TLSv1.2' },
    bodyLimit,
    requestTimeout: 5_000,
    // Go pools idle connections for 90 s; a shorter time here would reset some of its requests.
    keepAliveTimeout: 120_000,
    forceCloseConnections: 'idle',
    // While it stops it still answers what came in on open connections, instead of 503.
    return503OnClosing: false,
    exposeHeadRoutes: false,
  })
  server.server.headersTimeout = 2_000
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseBody)
  server.setErrorHandler((error, request, reply) => explain(error, { request, reply, log }))
  server.post('/mutate', request => answer(request, settings, log))
  server.route({ method: otherMethods, url: '/mutate', onRequest: refuseMethod, handler: refuseMethod })
  server.get('/healthz', () => 'ok\n')
  server.get('/readyz', (_, reply) =>
    isReady() ? 'ok\n' : reply.code(503).send('the certificate is not valid now\n'),
  )
  return server
}

/** Serves new connections with another key pair; open ones go on. Throws when key and certificate do not match. */
export function useKeyPair(server: WebhookServer, keyPair: KeyPair): void {
  createSecureContext(keyPair)
  server.server.setSecureContext(keyPair)
}

async function parseBody(request: FastifyRequest, body: Buffer): Promise<unknown> {
  if (request.headers['content-encoding'] !== undefined)
    throw new HttpError(415, 'compressed bodies are not taken')
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new HttpError(
      400,
      `the body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
}

async function answer(request: FastifyRequest, settings: PatchSettings, log: Log): Promise<object> {
  const started = performance.now()
  const question = readReview(request.body)
  const reviewed = review(question, settings)
  const { uid, operation, kind, namespace } = question.request
  const { allowed, status, auditAnnotations } = reviewed.response
  const ms = Math.round((performance.now() - started) * 100) / 100
  log.info(
    {
      uid,
      operation,
      kind: kind.kind,
      namespace,
      decision: auditAnnotations?.['decision'],
      refusal: status?.message,
      ms,
    },
    allowed ? 'allowed' : 'refused',
  )
  return reviewed
}

const otherMethods: HTTPMethods[] = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

async function refuseMethod(_: FastifyRequest, reply: FastifyReply): Promise<void> {
  await reply.code(405).header('allow', 'POST').send('POST an AdmissionReview\n')
}

/** A request that is not a question we can answer. */
class HttpError extends Error {
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

function explain(
  error: unknown,
  {
    request,
    reply,
    log,
  }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly log: Log },
): void {
  const { code, message } = statusOf(error)
  if (code >= 500) log.error({ path: request.url, err: error }, 'a defect of the webhook')
  else log.warn({ path: request.url, code, reason: message }, 'a request that is no admission review')
  reply.code(code).type('text/plain; charset=utf-8').send(`${message}\n`)
}

function statusOf(error: unknown): { readonly code: number; readonly message: string } {
  if (error instanceof ShapeError) return { code: 400, message: error.message }
  const given = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (error instanceof Error && typeof given === 'number' && given < 500)
    return { code: given, message: error.message }
  return { code: 500, message: 'the webhook failed; its log says why' }
}
