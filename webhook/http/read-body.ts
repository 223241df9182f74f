import type { IncomingMessage } from 'node:http'
import { cancelled, HttpError } from './http-error.ts'
import type { LargeBodies } from './large-bodies.ts'
import type { Limits } from './limits.ts'

/** What bounds the reading. */
export interface ReadLimits {
  readonly limits: Limits
  readonly largeBodies: LargeBodies
}

/**
 * Reads the body of a request, never more than the limits allow, whatever its headers promise. The caller leaves
 * `largeBodies` for the request when it is done with it. Rejects with HttpError: 413, 415, 400 when there is no body, 408 when it takes too long,
 * 503 when too many large ones are being read.
 */
export async function readBody(
  request: IncomingMessage,
  { limits, largeBodies }: ReadLimits,
): Promise<Buffer> {
  checkType(request)
  const promised = Number(request.headers['content-length'] ?? 0)
  const checkSize = (size: number) => {
    if (size > limits.body)
      throw new HttpError(413, 'too_large', `a body over ${limits.body} bytes is too large`)
    if (size > limits.largeBody && !largeBodies.enter(request))
      throw new HttpError(503, 'busy', 'too many large bodies are being read; ask again')
  }
  checkSize(promised)
  const body = await collect(request, { checkSize, ms: limits.bodyMs })
  if (body.length === 0)
    throw new HttpError(400, 'bad_json', 'the body is empty, expected an AdmissionReview')
  return body
}

function checkType({ headers }: IncomingMessage): void {
  const type = headers['content-type']
  if (type !== 'application/json' && !/^application\/json\s*(?:;|$)/i.test(type ?? ''))
    throw new HttpError(415, 'bad_type', 'the content type is not application/json')
  if (headers['content-encoding'] !== undefined)
    throw new HttpError(415, 'bad_type', 'compressed bodies are not taken')
}

interface Collecting {
  /** Throws when a body may not have so many bytes. */
  readonly checkSize: (size: number) => void
  readonly ms: number
}

function collect(request: IncomingMessage, { checkSize, ms }: Collecting): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let size = 0
  const timer = setTimeout(
    () => stop(new HttpError(408, 'timeout', `the body did not come within ${ms} ms`)),
    ms,
  )
  const take = (chunk: Buffer) => {
    size += chunk.length
    try {
      checkSize(size)
      chunks.push(chunk)
    } catch (error) {
      stop(error)
    }
  }
  const end = () => {
    clearTimeout(timer)
    resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, size))
  }
  const gone = () => {
    if (!request.complete) stop(cancelled())
  }
  const stop = (error: unknown) => {
    clearTimeout(timer)
    request.off('data', take)
    reject(error)
  }
  request.on('data', take).once('end', end).once('error', gone).once('close', gone)
  return promise
}
