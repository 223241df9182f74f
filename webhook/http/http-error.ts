import { ShapeError } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Rejection } from '#webhook/metrics/metrics.ts'
import { MalformedJson } from './json/malformed.ts'

/** A request that is not a question we can answer; the message goes to the client. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly rejection: Rejection

  constructor(status: number, rejection: Rejection, message: string) {
    super(message)
    this.status = status
    this.rejection = rejection
  }
}

/** What a client is told of something that was thrown; undefined when it is a defect of ours. */
export function httpErrorOf(thrown: unknown): HttpError | undefined {
  if (thrown instanceof HttpError) return thrown
  if (thrown instanceof MalformedJson || thrown instanceof ShapeError)
    return new HttpError(400, 'bad_json', thrown.message)
  if (!(thrown instanceof NsmError)) return undefined
  if (thrown.code === 'API_UNAVAILABLE') return new HttpError(503, 'unavailable', thrown.message)
  return thrown.code === 'CANCELLED' ? cancelled() : undefined
}

/** The client went away; nobody is told but the log. */
export function cancelled(): HttpError {
  return new HttpError(499, 'cancelled', 'the client closed the connection before it was answered')
}
