import { connectionOf, type EndpointStep, withConnection } from './endpoint-step.ts'

/** Adds labels to the connection; one that it has already stays as it is. */
export function labels(extra: Readonly<Record<string, string>>): EndpointStep {
  return {
    name: 'labels',
    request: async (request, call, next) =>
      await next(withConnection(request, { labels: { ...extra, ...connectionOf(request).labels } }), call),
  }
}
