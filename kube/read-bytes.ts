import { NsmError } from '#sdk/errors.ts'
import type { AccessSource } from './access.ts'
import { type ApiCall, KubeApiError, refusalOf } from './api.ts'
import { httpsLine } from './https-line.ts'
import { textOf } from './read-body.ts'
import { parsedObject } from './shape.ts'

/** The body of an answer as it comes. Throws KubeApiError for a refusal or none, CANCELLED when the signal aborts. */
export async function* bytesOf(
  access: AccessSource,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const asked: ApiCall = { method: 'GET', path, signal, accept: '*/*' }
  // What is followed stays quiet for long, and must not take up a line of others.
  using line = httpsLine(access)
  try {
    const answer = await line.send(asked)
    const { statusCode = 0 } = answer
    if (statusCode !== 200) {
      const text = await textOf(answer)
      throw refusalOf(asked, statusCode, parsedObject(text) ?? { message: text.slice(0, 200) })
    }
    for await (const chunk of answer) yield Buffer.from(chunk)
  } catch (error) {
    if (error instanceof NsmError) throw error
    if (signal.aborted) throw NsmError.from(signal.reason, 'CANCELLED')
    const why = error instanceof Error ? error.message : String(error)
    throw new KubeApiError({ status: 0, reason: '' }, `GET ${path}: the API server does not answer: ${why}`, {
      cause: error,
    })
  }
}
