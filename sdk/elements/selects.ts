import type { Connection, MonitorScopeSelector, PathSegment } from '#sdk/wire/gen/connection/connection_pb.ts'

/**
 * Whether a monitor's selector wants a connection: its service is named, if any is, and its path holds the
 * selector's segments in one run, an empty field matching everything (NSM v1 §1.6).
 */
export function selects(selector: MonitorScopeSelector, connection: Connection): boolean {
  const { networkServices, pathSegments } = selector
  if (networkServices.length > 0 && !networkServices.includes(connection.networkService)) return false
  const way = connection.path?.pathSegments ?? []
  return pathSegments.length === 0 || way.some((_, start) => runsFrom(way.slice(start), pathSegments))
}

function runsFrom(way: readonly PathSegment[], wanted: readonly PathSegment[]): boolean {
  return wanted.every((segment, index) => {
    const found = way[index]
    return found !== undefined && segmentMatches(segment, found)
  })
}

function segmentMatches(wanted: PathSegment, found: PathSegment): boolean {
  return (['name', 'id', 'token'] as const).every(key => wanted[key] === '' || wanted[key] === found[key])
}
