import { connectivityState, type Client as GrpcClient, type Metadata } from '@grpc/grpc-js'
import { grpcStatus, NsmError } from '#sdk/errors.ts'
import type { Target } from './address.ts'
import { connectionLost, givenUp, timedOut, unreachable } from './failure.ts'
import { errorCodeTrailer, fromStatus } from './status.ts'
import type { Address } from './types.ts'

/** What the calls of one channel share. */
export interface Line {
  readonly address: Address
  readonly target: Target
  readonly grpc: GrpcClient
  /** Aborted when the channel is disposed. */
  readonly closed: AbortSignal
}

/** One call: what its errors name and what can end it early. */
export interface LineAttempt {
  readonly line: Line
  readonly path: string
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

/** Throws at once when the caller has given up already or the channel is disposed. */
export function refuseAborted(attempt: LineAttempt): void {
  const aborted = abortedOf(attempt)
  if (aborted !== undefined) throw givenUp(named(attempt), aborted)
}

/** Cancels the call when its caller gives up or the channel is disposed; dispose when the call is over. */
export function cancelWith({ line, signal }: LineAttempt, call: { cancel(): void }): Disposable {
  const cancel = (): void => call.cancel()
  const signals = signal === undefined ? [line.closed] : [line.closed, signal]
  for (const each of signals) each.addEventListener('abort', cancel, { once: true })
  return {
    [Symbol.dispose]: () => {
      for (const each of signals) each.removeEventListener('abort', cancel)
    },
  }
}

/** The NsmError that a failed call throws. */
export function failureOf(thrown: unknown, attempt: LineAttempt): NsmError {
  if (thrown instanceof NsmError) return thrown
  if (!isServiceError(thrown)) return NsmError.from(thrown)
  const errorCode = thrown.metadata.get(errorCodeTrailer)[0]?.toString()
  if (errorCode === undefined) {
    const local = localFailure(thrown, attempt)
    if (local !== undefined) return local
  }
  return fromStatus({ code: thrown.code, message: thrown.details, errorCode }, { cause: thrown })
}

/** What went wrong on this side of the wire, if the status was made here. */
function localFailure(error: ServiceFailure, attempt: LineAttempt): NsmError | undefined {
  const aborted = abortedOf(attempt)
  if (aborted !== undefined && error.code === grpcStatus.CANCELLED) return givenUp(named(attempt), aborted)
  if (error.code === grpcStatus.DEADLINE_EXCEEDED && attempt.timeoutMs !== undefined)
    return timedOut(named(attempt), attempt.timeoutMs)
  if (error.code !== grpcStatus.UNAVAILABLE) return undefined
  const connects =
    attempt.line.grpc.getChannel().getConnectivityState(false) !== connectivityState.TRANSIENT_FAILURE
  return connects ? connectionLost(named(attempt), error.details) : unreachable(named(attempt), error.details)
}

interface ServiceFailure extends Error {
  readonly code: number
  readonly details: string
  readonly metadata: Metadata
}

function isServiceError(thrown: unknown): thrown is ServiceFailure {
  return thrown instanceof Error && 'code' in thrown && 'details' in thrown && 'metadata' in thrown
}

function abortedOf({ line, signal }: LineAttempt): AbortSignal | undefined {
  return [signal, line.closed].find(each => each?.aborted === true)
}

function named({ line, path }: LineAttempt) {
  return { address: line.address, target: line.target, path }
}
