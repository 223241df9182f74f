import type { Events } from '#manager/events.ts'
import { endpointName } from '#manager/external-network.ts'
import { callerName, type ManagerStep } from '#manager/request.ts'
import { NsmError } from '#sdk/errors.ts'

/** Outermost: numbers the run and tells how it began and ended. */
export function recorded(events: Events): ManagerStep {
  return {
    name: 'recorded',
    async request(input, call, next) {
      const run = { ...input, attempt: events.begin(input.id) }
      const { networkService } = input.connection
      const who = callerName(input.caller)
      const text = `${who} asks for the network service ${networkService}`
      events.tell({ step: 'requested', object: who, text }, run)
      try {
        const wired = await next(run, call)
        const took = (Number(wired.setupMicros) / 1000).toFixed(1)
        events.tell(
          { step: 'replied', object: input.id, text: `${who} has its answer after ${took} ms` },
          run,
        )
        call.log.info(
          { id: input.id, attempt: run.attempt },
          `connected ${who} to ${endpointName(wired.endpoint)}`,
        )
        return wired
      } catch (cause) {
        const { code, message } = NsmError.from(cause)
        call.log.info({ id: input.id, attempt: run.attempt, code }, `did not connect ${who}: ${message}`)
        events.tell({ step: 'failed', object: input.id, text: message, code }, run)
        throw cause
      }
    },
    async close(wired, call, next) {
      const { id, connection, endpoint, caller } = wired
      const text = `the connection of ${callerName(caller)} to ${endpointName(endpoint)} is closed`
      try {
        await next(wired, call)
      } finally {
        events.tell(
          { step: 'closed', object: id, text },
          { id, connection, caller, attempt: events.attemptOf(id) },
        )
      }
    },
  }
}
