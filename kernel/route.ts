import { flag } from './codec/message.ts'
import { decodeRoute, encodeRoute, encodeRouteDump, encodeRouteKey } from './codec/route.ts'
import { isKernelError } from './errors.ts'
import { lookUpPath } from './path.ts'
import type { Place } from './place.ts'
import type { Route, RouteVerbs } from './port.ts'
import { isSameRoute, routeInWords } from './same.ts'
import type { Request } from './socket.ts'

/** The verbs of routes in one namespace. */
export function routeVerbs(place: Place): RouteVerbs {
  const { socket, where } = place
  const list = (index: number) => [...dump(place, index, 'ipv4'), ...dump(place, index, 'ipv6')]
  return {
    list,

    lookup: (to, from) => lookUpPath(place, to, from),

    add(index, route) {
      const doing = `adding route ${routeInWords(route)} by interface ${index} ${where}`
      const body = encodeRoute(index, route)
      try {
        socket.change({ name: 'RTM_NEWROUTE', flags: flag.create | flag.exclusive, body, doing })
      } catch (cause) {
        const present = isKernelError(cause, 'EEXIST') && list(index).some(other => isSameRoute(route, other))
        if (!present) throw cause
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

function dump({ socket, where }: Place, index: number, family: 'ipv4' | 'ipv6'): readonly Route[] {
  const doing = `listing ${family} routes of interface ${index} ${where}`
  const request: Request = { name: 'RTM_GETROUTE', body: encodeRouteDump(index, family), doing }
  try {
    return socket
      .dump(request)
      .map(({ body }) => decodeRoute(body))
      .filter(route => route !== undefined)
  } catch (cause) {
    // The main table of a namespace comes into being with its first route.
    if (isKernelError(cause, 'ENOENT')) return []
    throw cause
  }
}
