import { existsSync } from 'node:fs'
import { NsmError } from '#sdk/errors.ts'
import type { Target } from './address.ts'
import type { Address } from './types.ts'

/** Milliseconds that a unary call may take when its caller does not say. */
export const defaultTimeoutMs = 15_000

/** A call as its errors name it. */
export interface Attempt {
  readonly address: Address
  readonly target: Target
  /** HTTP/2 path of the method. */
  readonly path: string
}

/** No connection could be made: SOCKET_MISSING when the file of a unix socket is absent, else MANAGER_UNAVAILABLE. */
export function unreachable(attempt: Attempt, cause: unknown): NsmError {
  const { target } = attempt
  if (target.kind === 'unix' && !existsSync(target.path)) {
    return new NsmError(
      'SOCKET_MISSING',
      `${calling(attempt)}: the socket is not there; is the program that serves it running?`,
      { cause },
    )
  }
  if (cause instanceof NsmError)
    return new NsmError(cause.code, `${calling(attempt)}: ${cause.message}`, { cause })
  // What TLS refuses has a code of its own and no system call that failed: there is a program, and not the right one.
  const isRefused = cause instanceof Error && 'code' in cause && !('syscall' in cause)
  const hint = isRefused ? '' : '; is the program that serves it running?'
  return new NsmError('MANAGER_UNAVAILABLE', `${calling(attempt)}: ${wordsOf(cause)}${hint}`, { cause })
}

/** The connection ended before the answer came. */
export function connectionLost(attempt: Attempt, cause: unknown): NsmError {
  return new NsmError(
    'MANAGER_UNAVAILABLE',
    `${calling(attempt)}: the connection was lost (${wordsOf(cause)}); ask again`,
    { cause },
  )
}

/** The deadline of the call passed. */
export function timedOut(attempt: Attempt, timeoutMs: number): NsmError {
  return new NsmError('DEADLINE', `${calling(attempt)}: no answer within ${timeoutMs} ms`)
}

/** The caller's signal was aborted: DEADLINE if by a time-out, an NsmError as it is, else CANCELLED. */
export function givenUp(attempt: Attempt, signal: AbortSignal): NsmError {
  const reason: unknown = signal.reason
  if (reason instanceof NsmError) return reason
  const { code, message } = NsmError.from(reason, 'CANCELLED')
  return new NsmError(code, `${calling(attempt)}: ${message}`, { cause: reason })
}

function calling({ address, path }: Attempt): string {
  return `calling ${path.slice(1)} at ${address}`
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
