import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { deadline } from '#sdk/workspace/deadline.ts'
import { closeAll } from './close-all.ts'
import { connect } from './connect.ts'
import type { Manager } from './manager.ts'
import { Progress } from './progress.ts'
import { resultOf, subjectOf } from './subject.ts'

/** How to ask for several connections. */
export interface ConnectAllOptions {
  readonly manager: Manager
  /** Milliseconds that one attempt may take. */
  readonly attemptMs: number
  /** Milliseconds that all may take together; 0 is for ever. */
  readonly deadlineMs: number
  readonly onFailure: 'close-others' | 'keep-others'
  readonly signal: AbortSignal
  readonly log: Log
  /** Told what is waited for, as often as the log. */
  readonly onWaiting?: (sentence: string) => void
}

/**
 * Asks for all connections side by side and returns the requests whose connection stands. When one fails for good the others are closed
 * and its error is thrown, or, with `keep-others`, it is only told. An abort closes them all.
 */
export async function connectAll(
  requests: readonly NetworkServiceRequest[],
  options: ConnectAllOptions,
): Promise<readonly NetworkServiceRequest[]> {
  const { manager, attemptMs, log } = options
  const others = new AbortController()
  const signal = AbortSignal.any([options.signal, others.signal, deadline(options.deadlineMs)])
  using progress = new Progress(requests, sentence => {
    log.info({}, sentence)
    options.onWaiting?.(sentence)
  })
  const connections = await Promise.all(
    requests.map(async request => {
      const start = performance.now()
      try {
        const connection = await connect(request, {
          manager,
          attemptMs,
          signal,
          onRetry: (waiting, error) => progress.failed(waiting, error),
        })
        log.info(
          { id: connection.id },
          `${resultOf(request, connection)} in ${Math.round(performance.now() - start)} ms`,
        )
        return connection
      } catch (thrown) {
        const error = NsmError.from(thrown)
        if (options.onFailure === 'close-others') others.abort(error)
        else log.warn({ code: error.code }, `going on without ${subjectOf(request)}: ${error.message}`)
        return undefined
      } finally {
        progress.ended(request)
      }
    }),
  )
  const stop = [options.signal, others.signal].find(each => each.aborted)
  // Also those whose answer never came: the manager may have made them.
  const unwanted = requests.filter((_, index) => stop !== undefined || connections[index] === undefined)
  await closeAll(
    unwanted.flatMap(request => request.connection ?? []),
    manager,
    log,
  )
  if (stop !== undefined) throw NsmError.from(stop.reason, 'CANCELLED')
  return requests.filter((_, index) => connections[index] !== undefined)
}
