import type { Connection, MonitorScopeSelector, PathSegment } from './gen/connection/connection_pb.ts'

/**
 * Whether a monitor wants a connection: its service is among those named, if any are, and its path contains the
 * selector's segments in one run. An empty field of a segment matches anything (NSM v1, connection_helpers.go).
 */
export function selectorMatches(selector: MonitorScopeSelector, connection: Connection): boolean {
  const { networkServices, pathSegments } = selector
  if (networkServices.length > 0 && !networkServices.includes(connection.networkService)) return false
  const path = connection.path?.pathSegments ?? []
  return pathSegments.length === 0 || path.some((_, start) => runStartsAt(path, start, pathSegments))
}

function runStartsAt(path: readonly PathSegment[], start: number, wanted: readonly PathSegment[]): boolean {
  return wanted.every((segment, index) => segmentMatches(segment, path[start + index]))
}

function segmentMatches(wanted: PathSegment, found: PathSegment | undefined): boolean {
  if (found === undefined) return false
  return (['name', 'id', 'token'] as const).every(key => wanted[key] === '' || wanted[key] === found[key])
}
