import { type ErrorCode, errorKinds, grpcStatus, NsmError } from '#sdk/errors.ts'

/** Trailer that carries the exact error code beside the coarser gRPC status. */
export const errorCodeTrailer = 'nsm-error-code'

/** Trailers share HTTP/2's limit on a header list (8 KiB with many servers), so longer messages are cut. */
const messageLimit = 2_000

/** How a call ended, as it crosses the wire. */
export interface Status {
  readonly code: number
  readonly message: string
  /** Content of `nsm-error-code`, if the other side sent one. */
  readonly errorCode?: string | undefined
}

/** What an error looks like on the wire. What is neither an NsmError nor an abort is a defect and shows nothing of itself. */
export function toStatus(error: unknown): Status {
  const thrown = isDefect(error)
    ? new NsmError('INTERNAL', 'an internal error; the log of the server has the cause')
    : NsmError.from(error)
  return { code: grpcStatus[thrown.kind.status], message: sendable(thrown.message), errorCode: thrown.code }
}

/** Whether an error is nobody's intention: no NsmError and no abort. */
export function isDefect(error: unknown): boolean {
  if (error instanceof NsmError) return false
  return !(error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
}

/** The error that a status stands for: exactly the one sent, or a fitting one for a foreign server's. */
export function fromStatus(status: Status, options?: { readonly cause?: unknown }): NsmError {
  return new NsmError(errorCodeOf(status), status.message, options)
}

/** Reads `grpc-message` (gRPC over HTTP/2, Percent-Encoded); what is not well encoded is taken as it came. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Writes `grpc-message` (gRPC over HTTP/2, Percent-Encoded): printable ASCII but `%` stands for itself. */
export function percentEncoded(text: string): string {
  return text.replaceAll(/[^ -$&-~]+/g, part =>
    Array.from(Buffer.from(part), byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}

function errorCodeOf(status: Status): ErrorCode {
  if (status.errorCode !== undefined && isErrorCode(status.errorCode)) return status.errorCode
  return foreign.get(status.code) ?? 'INTERNAL'
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorKinds, text)
}

/** gRPC status → code, for servers that are not ours (https://grpc.io/docs/guides/status-codes). */
const foreign: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [grpcStatus.CANCELLED, 'CANCELLED'],
  [grpcStatus.INVALID_ARGUMENT, 'BAD_INPUT'],
  [grpcStatus.DEADLINE_EXCEEDED, 'DEADLINE'],
  [grpcStatus.NOT_FOUND, 'NOT_FOUND'],
  [grpcStatus.ALREADY_EXISTS, 'ALREADY_EXISTS'],
  [grpcStatus.PERMISSION_DENIED, 'DENIED'],
  [grpcStatus.UNAUTHENTICATED, 'DENIED'],
  [grpcStatus.RESOURCE_EXHAUSTED, 'ENDPOINT_REFUSED'],
  [grpcStatus.FAILED_PRECONDITION, 'CONFLICT'],
  [grpcStatus.ABORTED, 'CONFLICT'],
  [grpcStatus.UNIMPLEMENTED, 'UNSUPPORTED'],
  [grpcStatus.UNAVAILABLE, 'MANAGER_UNAVAILABLE'],
])

function sendable(message: string): string {
  const whole = message.toWellFormed()
  return whole.length <= messageLimit ? whole : `${whole.slice(0, messageLimit).toWellFormed()}…`
}
