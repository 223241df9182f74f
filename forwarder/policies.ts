import type { PolicyPlan, PortRange } from '#kernel/link-plan.ts'
import { selectorInWords } from '#kernel/same.ts'
import { type Cidr, formatCidr, networkCidr } from './cidr.ts'
import { badInput } from './refuse.ts'
import type { RouteWish } from './routes.ts'

/** A policy route that was checked. */
export interface PolicyWish {
  readonly from?: Cidr
  /** IPPROTO_* */
  readonly protocol?: number
  readonly sourcePorts?: PortRange
  readonly destinationPorts?: PortRange
  readonly routes: readonly RouteWish[]
}

/**
 * The policies of the client's end (NSM v1). A route without a next hop has link scope. A policy without routes sends its
 * packets to the link: those of the family of `from`, without that of the families of the end's own addresses, and
 * without those of IPv4. `doing` begins the messages. Throws BAD_INPUT when two policies are for the same packets.
 */
export function policiesOf(
  wishes: readonly PolicyWish[],
  own: readonly Cidr[],
  doing: string,
): readonly PolicyPlan[] {
  const plans = wishes.map(wish => planOf(wish, own))
  const selectors = plans.map(selectorInWords)
  const twice = selectors.find((selector, at) => selectors.indexOf(selector) !== at)
  if (twice !== undefined) throw badInput(doing, `two of its policies are for the same packets, ${twice}`)
  return plans
}

function planOf({ from, routes, ...packets }: PolicyWish, own: readonly Cidr[]): PolicyPlan {
  const plans = routes.map(({ prefix, nextHop }) => ({
    prefix: formatCidr(networkCidr(prefix)),
    ...(nextHop === undefined ? {} : { via: nextHop.text }),
  }))
  const defaults = familiesOf(from, own).map(family => ({ prefix: family === 'IPv4' ? '0.0.0.0/0' : '::/0' }))
  return {
    ...packets,
    ...(from === undefined || from.length === 0 ? {} : { from: formatCidr(networkCidr(from)) }),
    routes: plans.length === 0 ? defaults : plans,
  }
}

function familiesOf(from: Cidr | undefined, own: readonly Cidr[]): readonly Cidr['family'][] {
  if (from !== undefined) return [from.family]
  const families = new Set(own.map(({ family }) => family))
  return families.size === 0 ? ['IPv4'] : [...families].toSorted()
}
