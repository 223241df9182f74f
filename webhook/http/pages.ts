import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type HTTPMethods,
} from 'fastify'
import type { Log } from '#sdk/log.ts'
import type { Metrics } from '#webhook/metrics/metrics.ts'
import { reviewPaths } from './answer.ts'

/** What the pages need. */
interface PagesOptions {
  /** Why this server should get no requests now; undefined when it should. */
  readonly readyReason: () => string | undefined
  readonly log: Log
  readonly metrics: Pick<Metrics, 'rejected'>
}

/** Every method that HTTP clients know. */
const methods: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * Everything that is served but admission reviews: `/healthz`, `/readyz`, and refusals of other paths and methods. Give
 * requests to `routing`, once it is `ready`.
 */
export function newPages({ readyReason, log, metrics }: PagesOptions): FastifyInstance {
  const pages = fastify({ exposeHeadRoutes: true, routerOptions: { maxParamLength: 1 } })
  pages.removeAllContentTypeParsers()
  pages.addContentTypeParser('*', (_, __, done) => done(null))
  pages.get('/healthz', () => 'ok\n')
  pages.get('/readyz', (_, reply) => {
    const reason = readyReason()
    return reason === undefined ? 'ok\n' : reply.code(503).send(`${reason}\n`)
  })
  for (const path of ['/healthz', '/readyz'])
    refuseMethods(pages, { path, allowed: ['GET', 'HEAD'], metrics })
  for (const path of reviewPaths) refuseMethods(pages, { path, allowed: ['POST'], metrics })
  pages.setNotFoundHandler((_, reply) => {
    metrics.rejected('bad_path')
    return reply.code(404).send('POST an AdmissionReview to /mutate\n')
  })
  pages.setErrorHandler((error, request, reply) => explain(error, { request, reply, log }))
  return pages
}

function refuseMethods(
  pages: FastifyInstance,
  {
    path,
    allowed,
    metrics,
  }: { readonly path: string; readonly allowed: readonly HTTPMethods[] } & Pick<PagesOptions, 'metrics'>,
): void {
  const refuse = (_: FastifyRequest, reply: FastifyReply) => {
    metrics.rejected('bad_method')
    return reply
      .code(405)
      .header('allow', allowed.join(', '))
      .send(`only ${allowed.join(' and ')} here\n`)
  }
  pages.route({ method: methods.filter(method => !allowed.includes(method)), url: path, handler: refuse })
}

function explain(
  error: unknown,
  {
    request,
    reply,
    log,
  }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly log: Log },
): FastifyReply {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status >= 500) log.error({ path: request.url, err: error }, 'a defect of the webhook')
  const text = status < 500 && error instanceof Error ? error.message : 'the webhook failed; its log says why'
  return reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`)
}
