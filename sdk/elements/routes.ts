import { create } from '@bufbuild/protobuf'
import { RouteSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { connectionOf, type EndpointStep, ipContextOf, withIpContext } from './endpoint-step.ts'

/** A route; without a next hop it goes to the endpoint's first address of the family. */
export interface RouteOffer {
  /** CIDR. */
  readonly prefix: string
  /** An address, without prefix length. */
  readonly nextHop?: string
}

/**
 * Adds routes that the client gets towards the endpoint, in `src_routes` as NSM v1 means it; text is a prefix without
 * a next hop. A prefix that has a route already keeps that one.
 */
export function routes(offers: readonly (string | RouteOffer)[]): EndpointStep {
  return {
    name: 'routes',
    async request(request, call, next) {
      const { srcRoutes } = ipContextOf(connectionOf(request))
      const known = new Set(srcRoutes.map(route => route.prefix))
      const added = offers
        .map(offer => create(RouteSchema, typeof offer === 'string' ? { prefix: offer } : offer))
        .filter(({ prefix }) => !known.has(prefix))
      return await next(withIpContext(request, { srcRoutes: [...srcRoutes, ...added] }), call)
    },
  }
}
