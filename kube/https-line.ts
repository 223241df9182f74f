import type { IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import type { Access, AccessSource } from './access.ts'
import type { ApiCall } from './api.ts'

/** How long an answer may take to begin, in milliseconds. */
const patience = 10_000

/** Below the time after which API servers and the load balancers before them close idle connections. */
const idleTime = 60_000

/** Connections to one API server. */
export interface HttpsLine extends Disposable {
  /** Sends a call; its answer has begun. Throws what the connection says when none comes within 10 s. */
  send(call: ApiCall): Promise<IncomingMessage>
}

/** A line that asks for its access before each call. */
export function httpsLine(access: AccessSource): HttpsLine {
  let agent = new Agent()
  let trusts = ''
  const agentFor = ({ tls }: Access): Agent => {
    const wanted = JSON.stringify(tls)
    if (wanted !== trusts) {
      // What runs on the old one goes on; its idle connections end by themselves.
      agent = new Agent({
        ...tls,
        keepAlive: true,
        keepAliveMsecs: 30_000,
        timeout: idleTime,
        scheduling: 'lifo',
      })
      trusts = wanted
    }
    return agent
  }
  return {
    async send(call) {
      const current = await access()
      return exchange({ ...requestOptions(current, call), agent: agentFor(current) }, call)
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** A request whose headers are known. */
interface RequestTo extends Omit<RequestOptions, 'headers'> {
  readonly headers: Readonly<Record<string, string>>
}

/** A call as `node:https` takes it, without the trust of the connection. */
export function requestOptions({ server, headers }: Access, call: ApiCall): RequestTo {
  const patch = call.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  return {
    hostname: server.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: server.port === '' ? 443 : Number(server.port),
    path: `${server.pathname.replace(/\/$/, '')}${call.path}`,
    method: call.method,
    signal: call.signal,
    headers: {
      'user-agent': 'nsm',
      accept: call.accept ?? 'application/json',
      ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? patch }),
      ...headers,
    },
  }
}

async function exchange(options: RequestOptions, call: ApiCall): Promise<IncomingMessage> {
  const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body))
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sent = request(options, resolve)
  // Node frames the body of a DELETE only when it is told its length.
  if (body !== undefined) sent.setHeader('content-length', body.length)
  const timer = setTimeout(
    () => sent.destroy(new Error(`${String(options.hostname)} gives no answer within ${patience / 1_000} s`)),
    patience,
  )
  sent.on('error', reject)
  sent.end(body)
  try {
    return await promise
  } catch (error) {
    // The server closed an idle connection at the moment when we took it. A creation may have been heard, so it is not
    // repeated; everything else says the same when it is said twice.
    if (sent.reusedSocket && isReset(error) && call.method !== 'POST') return await exchange(options, call)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}
