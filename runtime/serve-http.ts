import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { NsmError } from '#sdk/errors.ts'

/** What is answered. */
export interface HttpAnswer {
  readonly status: number
  readonly text: string
  /** Its `content-type`; none by default. */
  readonly type?: string
}

/** Answers `GET` of a path. What it throws becomes a 500 with the message. */
export type Page = () => HttpAnswer | Promise<HttpAnswer>

/** Where to listen. */
export interface HttpPlace {
  /** Default every address. */
  readonly host?: string
  /** 0 asks the kernel for a free one. */
  readonly port: number
  /** What the user set, for the message when the place is taken: `NSM_PROBE_PORT=8080`. */
  readonly setting: string
  /** How many connections there may be at once; by default any number. */
  readonly connections?: number
}

/** A server; disposing closes it, with the connections that are open. */
export interface HttpServer extends AsyncDisposable {
  readonly port: number
}

/** Milliseconds that a client may take to ask. */
const askMs = 2_000

/**
 * Serves pages by their paths over plain HTTP, for probes and for Prometheus: 404 elsewhere, 405 for what is no GET. Throws
 * BAD_CONFIG when the place cannot be had.
 */
export async function serveHttp(
  { host, port, setting, connections }: HttpPlace,
  pages: Readonly<Record<string, Page>>,
): Promise<HttpServer> {
  // Not imported: importing from node:http evaluates all its exports, and so loads undici, megabytes that nobody needs. And
  // only here, so that a program that serves nothing does not hold it.
  const { createServer } = process.getBuiltinModule('node:http')
  const server = createServer({ headersTimeout: askMs, requestTimeout: askMs }, (request, response) => {
    request.resume()
    const path = request.url?.split('?', 1)[0] ?? ''
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (page === undefined) response.writeHead(404).end(`GET ${Object.keys(pages).join(', ')}\n`)
    else if (request.method !== 'GET') response.writeHead(405, { allow: 'GET' }).end()
    else void answer(page, response)
  })
  if (connections !== undefined) server.maxConnections = connections
  try {
    server.listen({ port, ...(host === undefined ? {} : { host }) })
    await once(server, 'listening')
  } catch (cause) {
    const why = NsmError.from(cause).message
    throw new NsmError('BAD_CONFIG', `${setting}: cannot listen there: ${why}; choose a place that is free`, {
      cause,
    })
  }
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(page: Page, response: ServerResponse): Promise<void> {
  try {
    const { status, text, type } = await page()
    response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(text)
  } catch (thrown) {
    response.writeHead(500).end(`${NsmError.from(thrown).message}\n`)
  }
}
