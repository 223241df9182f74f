import { NsmError } from '#sdk/errors.ts'
import { connectionOf, type EndpointStep, idOf } from './endpoint-step.ts'

/** Refuses a request without an id (BAD_INPUT) or for a service that is not offered here (SERVICE_NOT_FOUND). */
export function validate(services: readonly string[]): EndpointStep {
  return {
    name: 'validate',
    async request(request, call, next) {
      const id = idOf(request)
      const { networkService } = connectionOf(request)
      if (!services.includes(networkService)) {
        throw new NsmError(
          'SERVICE_NOT_FOUND',
          `requesting connection ${id}: this endpoint offers ${services.join(', ')}, not ${JSON.stringify(networkService)}`,
        )
      }
      return await next(request, call)
    },
  }
}
