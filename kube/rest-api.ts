import type { IncomingMessage } from 'node:http'
import { NsmError } from '#sdk/errors.ts'
import type { AccessSource } from './access.ts'
import { type ApiCall, type KubeApi, KubeApiError, refusalOf } from './api.ts'
import { httpsLine } from './https-line.ts'
import { linesOf, textOf } from './read-body.ts'
import { isObject, type JsonObject, parsedObject } from './shape.ts'
import { watch } from './watch.ts'

/** How long a call may take, in milliseconds. */
const callDeadline = 10_000

/** The API over HTTPS, with a few kept connections that end with it. */
export function restApi(access: AccessSource): KubeApi & AsyncDisposable {
  const line = httpsLine(access)

  const call = async (asked: ApiCall): Promise<JsonObject> => {
    const deadline = AbortSignal.timeout(callDeadline)
    try {
      asked.signal.throwIfAborted()
      const answer = await line.send({ ...asked, signal: AbortSignal.any([asked.signal, deadline]) })
      return await accepted(asked, answer)
    } catch (error) {
      throw failureOf(asked, error)
    }
  }

  async function* stream(asked: ApiCall): AsyncGenerator<JsonObject, void> {
    try {
      const answer = await line.send(asked)
      if (answer.statusCode !== 200) await accepted(asked, answer)
      for await (const text of linesOf(answer)) yield objectOf(asked, text)
    } catch (error) {
      throw failureOf(asked, error)
    }
  }

  const wire = {
    list: (question: Omit<ApiCall, 'method'>) => call({ ...question, method: 'GET' }),
    stream: (question: Omit<ApiCall, 'method'>) => stream({ ...question, method: 'GET' }),
  }
  return {
    call,
    watch: options => watch(wire, options),
    async [Symbol.asyncDispose]() {
      line[Symbol.dispose]()
    },
  }
}

/** The object of an answer. Throws KubeApiError for a refusal, and for an answer that is no JSON. */
async function accepted(asked: ApiCall, answer: IncomingMessage): Promise<JsonObject> {
  const { statusCode = 0 } = answer
  const text = await textOf(answer)
  if (statusCode >= 200 && statusCode < 300) return objectOf(asked, text)
  throw refusalOf(asked, statusCode, statusOf(answer, text))
}

/** A refusal as a Status. Some say only in a header when to ask again, as an API server does that is overrun. */
function statusOf({ headers }: IncomingMessage, text: string): JsonObject {
  const status = parsedObject(text) ?? { message: text.slice(0, 200) }
  const retryAfterSeconds = Number(headers['retry-after'])
  if (!Number.isInteger(retryAfterSeconds)) return status
  const details = isObject(status['details']) ? status['details'] : {}
  return { ...status, details: { retryAfterSeconds, ...details } }
}

function objectOf(asked: ApiCall, text: string): JsonObject {
  const object = parsedObject(text)
  if (object !== undefined) return object
  throw new KubeApiError(
    { status: 0, reason: '' },
    `${asked.method} ${asked.path}: the answer is no JSON object: ${JSON.stringify(text.slice(0, 200))}; is this the API server?`,
  )
}

function failureOf(asked: ApiCall, error: unknown): NsmError {
  if (error instanceof NsmError) return error
  if (asked.signal.aborted) return NsmError.from(asked.signal.reason, 'CANCELLED')
  const why = error instanceof Error ? error.message : String(error)
  return new KubeApiError(
    { status: 0, reason: '' },
    `${asked.method} ${asked.path}: the API server does not answer: ${why}`,
    { cause: error },
  )
}
