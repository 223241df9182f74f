import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'

/** What a test sends; nothing that a well-behaved client library would put right by itself. */
export interface Sent {
  readonly url: URL | string
  /** The authority that the server's certificate must be of, PEM. */
  readonly ca: string
  /** Default POST. */
  readonly method?: string
  readonly body?: string | Buffer
  /** A body without a length. */
  readonly chunks?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  /** Default a connection for this request alone. */
  readonly agent?: Agent
}

/** What a test looks at. */
export interface Answer {
  readonly status: number | undefined
  readonly allow: string | undefined
  readonly location: string | undefined
  readonly retryAfter: string | undefined
  readonly type: string | undefined
  /** What the server wants of the connection. */
  readonly connection: string | undefined
  readonly body: string
  /** Common name of the server's certificate. */
  readonly server: string
}
/** Sends one request over a connection of its own. */
export async function send({
  url,
  ca,
  method = 'POST',
  body = '',
  chunks,
  headers,
  agent,
}: Sent): Promise<Answer> {
  const length = chunks === undefined ? { 'content-length': Buffer.byteLength(body) } : {}
  const client = request(url, {
    method,
    ca,
    agent: agent ?? false,
    headers: { 'content-type': 'application/json', ...length, ...headers },
  })
  // Once it has answered, a server may close on a body that it does not want.
  client.on('error', ignore)
  for (const chunk of chunks ?? []) client.write(chunk)
  client.end(body)
  const [response]: readonly unknown[] = await once(client, 'response')
  if (!(response instanceof IncomingMessage) || !(response.socket instanceof TLSSocket))
    throw new Error('no answer over TLS')
  const server = String(response.socket.getPeerCertificate().subject.CN)
  const { allow, location, connection, 'retry-after': retryAfter, 'content-type': type } = response.headers
  const known = { allow, location, connection, retryAfter, type }
  return { ...known, status: response.statusCode, body: await text(response), server }
}

function ignore(): void {}
