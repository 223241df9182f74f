import { type ErrorCode, NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { isObject, type JsonObject } from './shape.ts'

/** One question to the API server. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From the root, with its query: `/api/v1/namespaces/default/pods?limit=10`. */
  readonly path: string
  readonly body?: unknown
  /** Default `application/json`; for PATCH default `application/merge-patch+json`. */
  readonly contentType?: string
  /** Default `application/json`. */
  readonly accept?: string
  /** Ends the call early; 10 s is its deadline in any case. */
  readonly signal: AbortSignal
}

/** What happened to one object of a watched list; SYNCED (object `{}`): the list, or a repeated one, is complete. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'SYNCED'
  readonly object: JsonObject
}

/** What to watch. */
export interface WatchOptions {
  /** Path of a list, with its selectors, without `watch=`. */
  readonly path: string
  /** Default `application/json`; `metadataOnly` saves memory on both sides. */
  readonly accept?: string
  /** Ends the watch. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Ends a wait for a server that does not answer, when somebody has reason to believe that it is back. */
  readonly hurry?: Hurry
}

/** Waits for so many milliseconds, for a call that the server is back, or for the abort, whichever comes first. */
export interface Hurry {
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** The API server. `connectApi` speaks to a real one, `fakeApi` is one in memory. */
export interface KubeApi {
  /** Asks once. Throws KubeApiError for a refusal or no answer, CANCELLED or DEADLINE when the caller's signal aborts. */
  call(call: ApiCall): Promise<JsonObject>
  /**
   * Lists, then follows. Never throws: it asks again, waiting longer each time, until the signal aborts. It is back within
   * 8 s of a server that was away; one that answers with errors, or says when to ask again, is left alone for longer.
   * An object that vanished while nobody looked comes as DELETED before SYNCED, with its name, namespace and uid alone.
   */
  watch(options: WatchOptions): AsyncIterable<WatchEvent>
}

/** Accept header that asks for the metadata of objects alone; `watch` asks for lists accordingly. */
export const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

/** A refusal of the API server, or its silence. */
export class KubeApiError extends NsmError {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** Machine-readable, of the answer: `NotFound`, `AlreadyExists`, `Expired` and so on; empty when there was none. */
  readonly reason: string
  /** After how many milliseconds it wants to be asked again; undefined when it does not say. */
  readonly retryAfterMs: number | undefined

  constructor(refusal: Refusal, message: string, options?: { readonly cause?: unknown }) {
    super(codeOf(refusal), message, options)
    this.name = 'KubeApiError'
    this.status = refusal.status
    this.reason = refusal.reason
    this.retryAfterMs = refusal.retryAfterMs
  }
}

/** How the API server refused. */
export interface Refusal {
  readonly status: number
  readonly reason: string
  readonly retryAfterMs?: number | undefined
}

const codes: Readonly<Record<number, ErrorCode>> = {
  401: 'DENIED',
  403: 'DENIED',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  410: 'CONFLICT',
  429: 'API_UNAVAILABLE',
}

function codeOf({ status, reason }: Refusal): ErrorCode {
  if (reason === 'AlreadyExists') return 'ALREADY_EXISTS'
  return codes[status] ?? (status >= 400 && status < 500 ? 'BAD_INPUT' : 'API_UNAVAILABLE')
}

/** The error of an answer with a failure status, whose body may be a Kubernetes Status. */
export function refusalOf(
  call: Pick<ApiCall, 'method' | 'path'>,
  status: number,
  body: JsonObject,
): KubeApiError {
  const reason = typeof body['reason'] === 'string' ? body['reason'] : ''
  const words = typeof body['message'] === 'string' ? body['message'] : 'it gives no reason'
  return new KubeApiError(
    { status, reason, retryAfterMs: retryAfterOf(body) },
    `${call.method} ${call.path}: the API server refuses with ${status}${reason === '' ? '' : ` ${reason}`}: ${words}`,
  )
}

/** When a Kubernetes Status says that one may ask again, in milliseconds from now. */
export function retryAfterOf({ details }: JsonObject): number | undefined {
  const seconds = isObject(details) ? details['retryAfterSeconds'] : undefined
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : undefined
}
