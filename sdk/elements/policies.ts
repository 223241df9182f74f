import type { PolicyRoute } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { connectionOf, type EndpointStep, ipContextOf, withIpContext } from './endpoint-step.ts'

/**
 * Gives the client policy routes, in place of those that the request carries, and each of their sources as an address
 * (NSM v1). They are asked for at each request, so that a change arrives with the next refresh. Goes behind `ipam`.
 */
export function policies(current: () => Promise<readonly PolicyRoute[]>): EndpointStep {
  return {
    name: 'policies',
    async request(request, call, next) {
      const wanted = [...(await current())]
      const { srcIpAddrs } = ipContextOf(connectionOf(request))
      const sources = wanted.map(({ from }) => from).filter(from => from !== '')
      const change = { policies: wanted, srcIpAddrs: [...new Set([...srcIpAddrs, ...sources])] }
      return await next(withIpContext(request, change), call)
    },
  }
}
