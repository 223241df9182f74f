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
 * Reads the body of a request in pieces, never more than the limits allow, whatever its headers promise. The caller
 * leaves `largeBodies` for the request when it is done with it. Rejects with HttpError: 413, 415, 400 when there is no
 * body, 408 when it takes too long, 503 when too many large ones are being read.
 */
export async function readBody(
  request: IncomingMessage,
  { limits, largeBodies }: ReadLimits,
): Promise<readonly Buffer[]> {
  checkType(request)
  const promised = Number(request.headers['content-length'] ?? 0)
  const checkSize = (size: number) => {
    if (size > limits.body)
      throw new HttpError(413, 'too_large', `a body over ${limits.body} bytes is too large`)
    if (size > limits.largeBody && !largeBodies.enter(request))
      throw new HttpError(503, 'busy', 'too many large bodies are being read; ask again')
  }
  checkSize(promised)
  const pieces = await collect(request, { checkSize, ms: limits.bodyMs })
  if (pieces.length === 0)
    throw new HttpError(400, 'bad_json', 'the body is empty, expected an AdmissionReview')
  return pieces
}

/** Bodies up to this size share one buffer. */
const shared = Buffer.allocUnsafeSlow(256 * 1024)

/** The pieces as one body, which is the caller's until it waits for something: the next body may be put in its place. */
export function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces
  if (first !== undefined && pieces.length === 1) return first
  const size = pieces.reduce((sum, { length }) => sum + length, 0)
  if (size > shared.length) return Buffer.concat(pieces, size)
  let at = 0
  for (const piece of pieces) at += piece.copy(shared, at)
  return shared.subarray(0, size)
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

function collect(request: IncomingMessage, { checkSize, ms }: Collecting): Promise<readonly Buffer[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Buffer[]>()
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
    resolve(chunks)
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
