import { create } from '@bufbuild/protobuf'
import type { AllocateOptions, Allocation, Allocator } from '#sdk/ipam/allocator.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import {
  type ExtraPrefixRequest,
  type IPContext,
  IpFamily_Family,
  type Route,
  RouteSchema,
} from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { connectionOf, type EndpointStep, idOf, ipContextOf, withIpContext } from './endpoint-step.ts'

/** How `ipam` differs from what it usually does. */
export interface IpamOptions {
  /** Prefixes that this connection cannot have, although the pools do not know who has them. */
  readonly occupied?: (connection: Connection) => readonly string[]
  /** What becomes of addresses that the request carries and that are of no pool, with their routes: default `strict`, they go; `polite`, they stay. */
  readonly policy?: 'strict' | 'polite'
}

/**
 * Gives client and endpoint a pair of addresses from each pool, in place of what the request carries; addresses of
 * the pools that it carries are taken again, so that a refresh changes nothing even after a restart. Prefixes that
 * are wished for beside them come from the first pool. Fails with POOL_EXHAUSTED, or BAD_INPUT for a bad prefix.
 */
export function ipam(
  pools: readonly Allocator[],
  { occupied = () => [], policy = 'strict' }: IpamOptions = {},
): EndpointStep {
  return {
    name: 'ipam',
    async request(request, call, next) {
      const id = idOf(request)
      const connection = connectionOf(request)
      const context = ipContextOf(connection)
      const excluded = [...context.excludedPrefixes, ...occupied(connection)]
      await call.scope.own('ipam', () =>
        Promise.resolve({
          value: undefined,
          release: () => {
            for (const pool of pools) pool.release(id)
            return Promise.resolve()
          },
        }),
      )
      const given = pools.map((pool, index) =>
        pool.allocate(id, {
          excluded,
          previous: {
            src: context.srcIpAddrs,
            dst: context.dstIpAddrs,
            extraPrefixes: context.extraPrefixes,
          },
          extra: index === 0 ? context.extraPrefixRequest.map(wishOf) : [],
        }),
      )
      const kept = policy === 'polite' ? strangersIn(context, pools) : nothing
      return await next(withIpContext(request, addressesOf(given, kept, context)), call)
    },
  }
}

type Addresses = Pick<IPContext, 'srcIpAddrs' | 'dstIpAddrs'>

const nothing: Addresses = { srcIpAddrs: [], dstIpAddrs: [] }

function strangersIn(context: IPContext, pools: readonly Allocator[]): Addresses {
  const strangers = (cidrs: readonly string[]) => cidrs.filter(cidr => !pools.some(pool => pool.covers(cidr)))
  return { srcIpAddrs: strangers(context.srcIpAddrs), dstIpAddrs: strangers(context.dstIpAddrs) }
}

function addressesOf(given: readonly Allocation[], kept: Addresses, context: IPContext): Partial<IPContext> {
  const srcIpAddrs = [...given.flatMap(allocation => allocation.src), ...kept.srcIpAddrs]
  const dstIpAddrs = [...given.flatMap(allocation => allocation.dst), ...kept.dstIpAddrs]
  return {
    srcIpAddrs,
    dstIpAddrs,
    srcRoutes: withRoutesTo(dstIpAddrs, without(missing(context.dstIpAddrs, dstIpAddrs), context.srcRoutes)),
    dstRoutes: withRoutesTo(srcIpAddrs, without(missing(context.srcIpAddrs, srcIpAddrs), context.dstRoutes)),
    extraPrefixes: given.flatMap(allocation => allocation.extraPrefixes),
  }
}

function missing(before: readonly string[], now: readonly string[]): readonly string[] {
  return before.filter(address => !now.includes(address))
}

/** The routes but for those to single addresses that the other side has no longer. */
function without(addresses: readonly string[], routes: readonly Route[]): Route[] {
  return routes.filter(({ prefix }) => !(isSingle(prefix) && addresses.includes(prefix)))
}

/** Single addresses share no prefix with the other side, so each needs a route to it (NSM v1). */
function withRoutesTo(others: readonly string[], routes: Route[]): Route[] {
  const known = new Set(routes.map(route => route.prefix))
  const added = others.filter(address => isSingle(address) && !known.has(address))
  return [...routes, ...added.map(prefix => create(RouteSchema, { prefix }))]
}

function isSingle(cidr: string): boolean {
  return cidr.endsWith(cidr.includes(':') ? '/128' : '/32')
}

type ExtraWish = NonNullable<AllocateOptions['extra']>[number]

function wishOf({ addrFamily, prefixLen, requiredNumber, requestedNumber }: ExtraPrefixRequest): ExtraWish {
  return {
    family: addrFamily?.family === IpFamily_Family.IPV6 ? 6 : 4,
    length: prefixLen,
    required: requiredNumber,
    requested: requestedNumber,
  }
}
