import { decodeLink, encodeLinkDump } from './codec/link.ts'
import { flag } from './codec/message.ts'
import {
  decodePlacedRoute,
  decodeRoute,
  encodeRoute,
  encodeRouteDump,
  encodeRouteKey,
  type PlacedRoute,
} from './codec/route.ts'
import { isKernelError } from './errors.ts'
import { lookUpPath } from './path.ts'
import type { Place } from './place.ts'
import type { Link, RouteValue, RouteVerbs } from './port.ts'
import { type Rival, refuseStrangers } from './rival.ts'
import { canonicalRoute, isSameRoute, routeInWords } from './same.ts'

/** The verbs of routes in one namespace. */
export function routeVerbs(place: Place): RouteVerbs {
  const { socket, where } = place
  const list = (index: number) => {
    const routes = bodies(place, index).map(decodeRoute)
    return routes.filter(route => route !== undefined)
  }
  return {
    list,

    lookup: (to, from) => lookUpPath(place, to, from),
    uses: () =>
      bodies(place)
        .map(decodePlacedRoute)
        .map(({ table, index, origin }) => ({ table, origin, ...(index === undefined ? {} : { index }) })),

    add(index, route) {
      const doing = `adding route ${routeInWords(route)} by interface ${index} ${where}`
      const name = 'RTM_NEWROUTE'
      const exclusive = flag.create | flag.exclusive
      try {
        socket.change({ name, flags: exclusive, body: encodeRoute(index, route), doing })
      } catch (cause) {
        if (!isKernelError(cause, 'EEXIST')) throw cause
        if (list(index).some(other => isSameRoute(route, other))) return
        const rivals = rivalsOf(place, route)
        if (rivals.length === 0) throw cause
        refuseStrangers(rivals, index, doing)
        // IPv4 asks routes of one metric in the order in which they came; IPv6 would share the traffic between them.
        const [flags, metric] = route.prefix.includes(':')
          ? [exclusive, Math.max(...rivals.map(rival => rival.metric)) + 1]
          : [flag.create | flag.append, undefined]
        socket.change({ name, flags, body: encodeRoute(index, route, metric), doing })
      }
    },

    remove(index, route) {
      const doing = `removing route ${routeInWords(route)} by interface ${index} ${where}`
      try {
        socket.change({ name: 'RTM_DELROUTE', body: encodeRouteKey(index, route), doing })
      } catch (cause) {
        if (!isKernelError(cause, 'ESRCH', 'ENODEV')) throw cause
      }
    },
  }
}

/** The routes of both families, or those of them by one link. */
function bodies({ socket, where }: Place, index?: number): readonly Buffer[] {
  const of = index === undefined ? 'all interfaces' : `interface ${index}`
  return families.flatMap(family => {
    const doing = `listing ${family} routes of ${of} ${where}`
    return socket
      .dump({ name: 'RTM_GETROUTE', body: encodeRouteDump(family, index), doing })
      .map(({ body }) => body)
  })
}

/** The routes that have the prefix of another in its table. */
function rivalsOf(place: Place, route: RouteValue): readonly (Rival & PlacedRoute)[] {
  const { prefix, table } = canonicalRoute(route)
  const links = linksOf(place)
  return bodies(place)
    .map(decodePlacedRoute)
    .filter(other => other.route?.prefix === prefix && other.route.table === table)
    .map(other => ({ ...other, link: links.find(({ index }) => index === other.index) }))
}

function linksOf({ socket, where }: Place): readonly Link[] {
  const doing = `listing interfaces ${where}`
  return socket
    .dump({ name: 'RTM_GETLINK', body: encodeLinkDump('without stats'), doing })
    .map(({ body }) => decodeLink(body))
}

const families = ['ipv4', 'ipv6'] as const
