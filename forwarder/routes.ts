import type { RoutePlan } from '#kernel/link-plan.ts'
import { type Cidr, contains, formatCidr, hostCidr, type Ip, networkCidr } from './cidr.ts'

/** A route that one side wishes for. */
export interface RouteWish {
  readonly prefix: Cidr
  readonly nextHop?: Ip
}

/**
 * The routes of one end (NSM v1). First a link-scope route to each address of the opposite end that no own
 * prefix covers. Then the wishes: by their next hop; without one by the first opposite address of the family, but
 * with link scope when the prefix lies at the opposite end itself or that end has no address of the family.
 * The network of an own address needs no route; of several for one prefix the first counts.
 */
export function routesOf(
  own: readonly Cidr[],
  opposite: readonly Cidr[],
  wishes: readonly RouteWish[],
): readonly RoutePlan[] {
  const uncovered = opposite.filter(ip => !own.some(prefix => contains(prefix, ip)))
  const routes = [
    ...uncovered.map(ip => ({ prefix: formatCidr(hostCidr(ip)) })),
    ...wishes.filter(({ prefix }) => !isOnLink(own, prefix)).map(wish => routeOf(wish, opposite)),
  ]
  return routes.filter((route, at) => routes.findIndex(({ prefix }) => prefix === route.prefix) === at)
}

function routeOf({ prefix, nextHop }: RouteWish, opposite: readonly Cidr[]): RoutePlan {
  const via = nextHop ?? gatewayOf(prefix, opposite)
  return { prefix: formatCidr(networkCidr(prefix)), ...(via === undefined ? {} : { via: via.text }) }
}

function gatewayOf(prefix: Cidr, opposite: readonly Cidr[]): Ip | undefined {
  if (opposite.some(other => contains(other, prefix))) return undefined
  return opposite.find(({ family }) => family === prefix.family)
}

/** Whether the kernel routes the prefix by itself, because an own address has the same network. */
function isOnLink(own: readonly Cidr[], prefix: Cidr): boolean {
  return own.some(({ length, ...ip }) => length === prefix.length && contains(prefix, ip))
}
