import { NsmError } from '#sdk/errors.ts'
import { type EndpointStep, idOf } from './endpoint-step.ts'

/** Refuses a new connection with ENDPOINT_REFUSED while `limit` others are open; a refresh always passes. */
export function maxConnections(limit: number): EndpointStep {
  let open = 0
  return {
    name: 'maxConnections',
    async request(request, call, next) {
      await call.scope.own('maxConnections', () => {
        if (open >= limit) {
          throw new NsmError(
            'ENDPOINT_REFUSED',
            `requesting connection ${idOf(request)}: this endpoint serves ${limit} connections at most, and all are taken`,
          )
        }
        open += 1
        return Promise.resolve({
          value: undefined,
          release: () => {
            open -= 1
            return Promise.resolve()
          },
        })
      })
      return await next(request, call)
    },
  }
}
