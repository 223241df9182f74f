import { create } from '@bufbuild/protobuf'
import { RouteSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { connectionOf, type EndpointStep, ipContextOf, withIpContext } from './endpoint-step.ts'

/**
 * Adds routes that the client gets towards the endpoint, in `src_routes` as NSM v1 means it. A prefix that has a
 * route already keeps that one.
 */
export function routes(prefixes: readonly string[]): EndpointStep {
  return {
    name: 'routes',
    async request(request, call, next) {
      const { srcRoutes } = ipContextOf(connectionOf(request))
      const known = new Set(srcRoutes.map(route => route.prefix))
      const added = prefixes
        .filter(prefix => !known.has(prefix))
        .map(prefix => create(RouteSchema, { prefix }))
      return await next(withIpContext(request, { srcRoutes: [...srcRoutes, ...added] }), call)
    },
  }
}
