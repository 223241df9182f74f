import { isIP } from 'node:net'
import type { RouteOffer } from '#sdk/elements/routes.ts'
import { parsePrefix, printCidr } from '#sdk/ipam/prefix.ts'

/**
 * Reads `10.100.0.0/24, fd00::/64 via 2001:db8::1`: prefixes, each with a next hop or without. Throws Error naming the
 * item that is wrong, so that it serves as the parser of a setting.
 */
export function parseRoutes(text: string): readonly RouteOffer[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(routeOf)
}

function routeOf(item: string): RouteOffer {
  const [, prefixText = '', nextHop] = /^(\S+)(?:\s+via\s+(\S+))?$/.exec(item) ?? []
  const { family, ...rest } = parsePrefix(prefixText)
  const prefix = printCidr({ family, ...rest })
  if (nextHop === undefined) return { prefix }
  if (isIP(nextHop) !== family || nextHop.includes('%'))
    throw new Error(
      `expected the next hop of ${prefix} to be an IPv${family} address, found ${JSON.stringify(nextHop)}`,
    )
  return { prefix, nextHop }
}
