/**
 * Every error that crosses a program's border is an `NsmError`: a code from the one table below, and a message
 * that says what was being done to which object, why it failed and what the user can do.
 */

/** One row of the error table. */
export interface ErrorKind {
  /** Name of the gRPC status that carries this error on the wire. */
  readonly status: keyof typeof grpcStatus
  /** Whether asking again, unchanged, may succeed. */
  readonly retry: 'yes' | 'no'
  /** Exit code of a program that ends with this error (sysexits.h where one fits). */
  readonly exit: number
  /** One sentence for docs/errors.md. */
  readonly meaning: string
}

/** gRPC status codes by name (https://grpc.io/docs/guides/status-codes). */
export const grpcStatus = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const

/** The error table. docs/errors.md has one heading per code; test/drift.test.ts compares them. */
export const errorKinds = {
  BAD_ANNOTATION: kind(
    { status: 'INVALID_ARGUMENT', retry: 'no', exit: 65 },
    'An annotation or its environment variable does not follow the grammar.',
  ),
  BAD_CONFIG: kind(
    { status: 'INVALID_ARGUMENT', retry: 'no', exit: 78 },
    'An environment variable or flag of a program has a value that it cannot take.',
  ),
  BAD_INPUT: kind(
    { status: 'INVALID_ARGUMENT', retry: 'no', exit: 65 },
    'A file, a manifest or a message is malformed.',
  ),
  BAD_USAGE: kind(
    { status: 'INVALID_ARGUMENT', retry: 'no', exit: 64 },
    'A command line names an unknown command, flag or object.',
  ),
  SERVICE_NOT_FOUND: kind(
    { status: 'NOT_FOUND', retry: 'yes', exit: 68 },
    'No network service of that name is known.',
  ),
  NO_ENDPOINT: kind(
    { status: 'UNAVAILABLE', retry: 'yes', exit: 69 },
    'No endpoint of the service matches the labels of the client, or none accepted.',
  ),
  ENDPOINT_REFUSED: kind(
    { status: 'RESOURCE_EXHAUSTED', retry: 'yes', exit: 69 },
    'The chosen endpoint refused the request.',
  ),
  ENDPOINT_LOST: kind(
    { status: 'UNAVAILABLE', retry: 'yes', exit: 69 },
    'The chosen endpoint died while it was being asked.',
  ),
  POOL_EXHAUSTED: kind(
    { status: 'RESOURCE_EXHAUSTED', retry: 'yes', exit: 69 },
    'The address pool of the endpoint has no free address left.',
  ),
  INTERFACE_EXISTS: kind(
    { status: 'ALREADY_EXISTS', retry: 'no', exit: 73 },
    'The pod already has an interface of the requested name.',
  ),
  VNI_IN_USE: kind(
    { status: 'ALREADY_EXISTS', retry: 'yes', exit: 75 },
    'The node already has a VXLAN device with the proposed VNI on the port.',
  ),
  ROUTE_IN_USE: kind(
    { status: 'ALREADY_EXISTS', retry: 'no', exit: 73 },
    'A route of the pod that is not ours has the prefix of a requested one.',
  ),
  MANAGER_UNAVAILABLE: kind(
    { status: 'UNAVAILABLE', retry: 'yes', exit: 69 },
    'The manager of the node does not answer.',
  ),
  FORWARDER_UNAVAILABLE: kind(
    { status: 'UNAVAILABLE', retry: 'yes', exit: 69 },
    'No forwarder is registered with the manager, or it does not answer.',
  ),
  REGISTRY_UNAVAILABLE: kind(
    { status: 'UNAVAILABLE', retry: 'yes', exit: 69 },
    'The registry that the managers share does not answer.',
  ),
  API_UNAVAILABLE: kind(
    { status: 'UNAVAILABLE', retry: 'yes', exit: 69 },
    'The Kubernetes API server does not answer, or is overloaded.',
  ),
  SOCKET_MISSING: kind(
    { status: 'FAILED_PRECONDITION', retry: 'yes', exit: 72 },
    'The socket that the device plugin should have mounted is not there.',
  ),
  DEADLINE: kind(
    { status: 'DEADLINE_EXCEEDED', retry: 'yes', exit: 75 },
    'The deadline passed before the work was done.',
  ),
  CANCELLED: kind({ status: 'CANCELLED', retry: 'no', exit: 130 }, 'The caller gave up.'),
  CONFLICT: kind(
    { status: 'ABORTED', retry: 'yes', exit: 75 },
    'The object is being changed by somebody else.',
  ),
  NOT_FOUND: kind({ status: 'NOT_FOUND', retry: 'no', exit: 68 }, 'The named object does not exist.'),
  ALREADY_EXISTS: kind({ status: 'ALREADY_EXISTS', retry: 'no', exit: 73 }, 'An object of that name exists.'),
  DENIED: kind(
    { status: 'PERMISSION_DENIED', retry: 'no', exit: 77 },
    'The caller is not allowed to do this, or its identity could not be verified.',
  ),
  KERNEL: kind(
    { status: 'INTERNAL', retry: 'yes', exit: 71 },
    'The kernel refused an operation; the message carries its own words.',
  ),
  STORAGE: kind(
    { status: 'RESOURCE_EXHAUSTED', retry: 'yes', exit: 74 },
    'The journal or the registry could not be written.',
  ),
  UNSUPPORTED: kind(
    { status: 'UNIMPLEMENTED', retry: 'no', exit: 69 },
    'This machine or this version cannot do it.',
  ),
  INTERNAL: kind({ status: 'INTERNAL', retry: 'no', exit: 70 }, 'A defect of the program.'),
} as const satisfies Record<string, ErrorKind>

/** The name of a row of `errorKinds`. */
export type ErrorCode = keyof typeof errorKinds

/** Whether a text is a code of the table. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorKinds, text)
}

/** An error with a code from the table; `message` names the object and the reason, `cause` keeps the original. */
export class NsmError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'NsmError'
    this.code = code
  }

  /** The row of the table: status, retry, exit code. */
  get kind(): ErrorKind {
    return errorKinds[this.code]
  }

  /**
   * Turns anything thrown into an NsmError. An NsmError passes unchanged; an abort becomes CANCELLED or DEADLINE;
   * everything else becomes `fallback` (default INTERNAL) with the original as cause.
   */
  static from(thrown: unknown, fallback: ErrorCode = 'INTERNAL'): NsmError {
    if (thrown instanceof NsmError) return thrown
    if (thrown instanceof Error) {
      if (thrown.name === 'TimeoutError') return new NsmError('DEADLINE', thrown.message, { cause: thrown })
      if (thrown.name === 'AbortError') return new NsmError('CANCELLED', thrown.message, { cause: thrown })
      return new NsmError(fallback, thrown.message, { cause: thrown })
    }
    return new NsmError(fallback, String(thrown), { cause: thrown })
  }
}

function kind(rules: Omit<ErrorKind, 'meaning'>, meaning: string): ErrorKind {
  return { ...rules, meaning }
}
