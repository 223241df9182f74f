import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpError } from './http-error.ts'

/** A request and where its answer goes. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Answers 200 with JSON. */
export function sendJson({ response }: Exchange, json: object): void {
  const text = JSON.stringify(json)
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

/** Bytes of a refused body that are thrown away, so that the client gets to read why, before the connection is cut. */
const patience = 8 * 1024 * 1024

/** Answers with an error; undefined is a defect of ours, of which the client learns nothing but that. */
export function refuse(exchange: Exchange, error: HttpError | undefined): void {
  const { request, response } = exchange
  if (response.headersSent || error?.rejection === 'cancelled') return
  const text = `${error?.message ?? 'the webhook failed; its log says why'}\n`
  const status = error?.status ?? 500
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    // API servers ask again by themselves when told so, and the user would see their patience end, not our reason.
    ...(error?.rejection === 'busy' ? { 'retry-after': '1' } : {}),
    ...(status === 408 ? { connection: 'close' } : {}),
  })
  response.end(text)
  if (!request.complete) discard(request)
}

function discard(request: IncomingMessage): void {
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > patience) request.destroy()
  })
}
