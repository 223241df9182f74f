import { decodeLink, encodeLinkIndex } from './codec/link.ts'
import { decodePath, encodePathQuery } from './codec/path.ts'
import type { Place } from './place.ts'
import type { Path } from './port.ts'

/** Finds the way to an address; see `RouteVerbs.lookup`. */
export function lookUpPath({ socket, where }: Place, to: string, from?: string): Path {
  const doing = `looking for the route to ${to}${from === undefined ? '' : ` from ${from}`} ${where}`
  const answer = socket.get({ name: 'RTM_GETROUTE', body: encodePathQuery(to, from), doing })
  const { index, source, mtu } = decodePath(answer.body)
  const link = socket.get({ name: 'RTM_GETLINK', body: encodeLinkIndex(index), doing })
  return {
    index,
    mtu: Math.min(mtu ?? Number.POSITIVE_INFINITY, decodeLink(link.body).mtu),
    ...(source === undefined ? {} : { source }),
  }
}
