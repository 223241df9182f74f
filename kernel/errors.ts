import { constants } from 'node:os'
import { getSystemErrorMessage } from 'node:util'
import { type ErrorCode, NsmError } from '#sdk/errors.ts'

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** What a KernelError is made of. */
export interface KernelFailure {
  /** Positive, as in errno(3). */
  readonly errno: number
  /** The system call, or the netlink request such as `RTM_NEWLINK`. */
  readonly syscall: string
  /** The kernel's own sentence: the extended acknowledgement of netlink. */
  readonly says?: string
}

/**
 * A refusal of the kernel, in the shape of Node's own system errors.
 *
 * The message reads `<doing what to which object>: "<the kernel's sentence>", <meaning> (<code> from <syscall>)`.
 */
export class KernelError extends Error {
  /** Name of the error number, such as `EEXIST`. */
  readonly code: string
  readonly errno: number
  readonly syscall: string

  constructor(doing: string, failure: KernelFailure, options?: { readonly cause?: unknown }) {
    const code = names.get(failure.errno) ?? `E${failure.errno}`
    const says = failure.says === undefined ? '' : `"${failure.says}", `
    super(`${doing}: ${says}${meaningOf(failure.errno)} (${code} from ${failure.syscall})`, options)
    this.name = 'KernelError'
    this.code = code
    this.errno = failure.errno
    this.syscall = failure.syscall
  }
}

/** Whether something thrown is a KernelError with one of these codes. */
export function isKernelError(thrown: unknown, ...codes: readonly string[]): thrown is KernelError {
  return thrown instanceof KernelError && (codes.length === 0 || codes.includes(thrown.code))
}

/**
 * The error that leaves this folder's users: EEXIST for an interface becomes INTERFACE_EXISTS, for a route
 * ROUTE_IN_USE, EADDRINUSE for an interface VNI_IN_USE, any other refusal of the kernel KERNEL; of an AggregateError
 * the first error, which is the cause, decides.
 */
export function toNsmError(thrown: unknown): NsmError {
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown
  if (!(first instanceof KernelError)) return NsmError.from(thrown, 'KERNEL')
  const message = thrown instanceof Error ? thrown.message : first.message
  return new NsmError(codeOf(first), message, { cause: thrown })
}

function codeOf({ code, syscall }: KernelError): ErrorCode {
  return taken[`${code} ${syscall}`] ?? 'KERNEL'
}

/** What a refusal of a request means when something is taken. */
const taken: Readonly<Record<string, ErrorCode>> = {
  'EEXIST RTM_NEWLINK': 'INTERFACE_EXISTS',
  'EEXIST RTM_SETLINK': 'INTERFACE_EXISTS',
  'EEXIST RTM_NEWROUTE': 'ROUTE_IN_USE',
  'EADDRINUSE RTM_NEWLINK': 'VNI_IN_USE',
}

function meaningOf(errno: number): string {
  return names.has(errno) ? getSystemErrorMessage(-errno) : `error ${errno}`
}
