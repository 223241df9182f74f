import { NsmError } from '#sdk/errors.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import type { Manager } from './manager.ts'
import { subjectOf } from './subject.ts'

/** How to ask for one connection. */
export interface ConnectOptions {
  readonly manager: Manager
  /** Milliseconds that one attempt may take. */
  readonly attemptMs: number
  /** Ends the asking; a TimeoutError as its reason is the deadline. */
  readonly signal: AbortSignal
  /** Told about each failed attempt that will be followed by another. */
  readonly onRetry: (request: NetworkServiceRequest, error: NsmError) => void
}

/** Milliseconds from which on an answer was held back rather than slow. */
const heldMs = 1000

/**
 * Asks until the connection stands. What may succeed later is asked again after a pause; anything else is thrown at
 * once. At the deadline it throws with the code of the last reason, or DEADLINE if there was no answer at all.
 */
export async function connect(request: NetworkServiceRequest, options: ConnectOptions): Promise<Connection> {
  const { manager, attemptMs, signal, onRetry } = options
  let last: NsmError | undefined
  for (let failures = 1; ; failures++) {
    const asked = performance.now()
    try {
      return await manager.request(request, { signal, timeoutMs: attemptMs })
    } catch (thrown) {
      if (signal.aborted) throw gaveUp(request, signal, last)
      last = NsmError.from(thrown)
      if (!mayRetry(last)) throw last
    }
    onRetry(request, last)
    // A manager that held us for long is waiting for us: it gets the next question at once.
    if (performance.now() - asked > heldMs) failures = 1
    await pause(backoff(failures), signal)
  }
}

/** A manager that shuts down cancels what it does for us: that is no wish of ours, so it is asked again. */
function mayRetry(error: NsmError): boolean {
  return error.kind.retry === 'yes' || error.code === 'CANCELLED'
}

function gaveUp(request: NetworkServiceRequest, signal: AbortSignal, last: NsmError | undefined): NsmError {
  const reason = NsmError.from(signal.reason, 'CANCELLED')
  if (reason.code !== 'DEADLINE') return reason
  const why = last === undefined ? 'the manager did not answer' : `${last.message}${adviceFor(last)}`
  return new NsmError(
    last?.code ?? 'DEADLINE',
    `deadline passed while waiting for ${subjectOf(request)}: ${why}`,
    {
      cause: last ?? reason,
    },
  )
}

function adviceFor(error: NsmError): string {
  if (error.code !== 'SOCKET_MISSING') return ''
  return ' The device plugin mounts it into containers with the resource limit networkservicemesh.io/socket: "1"; see that the container has the limit and that plugin and manager run on this node.'
}
