import { create } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import {
  type Connection,
  type Path,
  PathSchema,
  type PathSegment,
  PathSegmentSchema,
} from './gen/connection/connection_pb.ts'

/** Who is to appear on the path. */
export interface Hop {
  /** Name of the program on its node: the name of its segment. */
  readonly name: string
  /** Makes the id of a new segment. A hop that is asked without a path by a caller that gave an id takes that id. */
  readonly newId: () => string
}

/** What the caller's side calls the connection, to be restored in the reply. */
export interface Caller {
  readonly id: string
  readonly index: number
}

/** A connection as a hop sees it, under the id of the hop's own segment, and what its caller calls it. */
export interface Entered {
  readonly connection: Connection
  readonly caller: Caller
}

/**
 * Moves a connection onto this hop's own segment (NSM v1, updatepath): makes the first segment of an empty path,
 * takes up the current one if it is ours already, else steps to the next, which is ours from an earlier request,
 * or is taken over with a new id, or is new. Throws BAD_INPUT when the id is not that of the caller's segment.
 */
export function enterPath(connection: Connection, hop: Hop): Entered {
  const { index = 0, pathSegments = [] } = connection.path ?? {}
  if (pathSegments.length === 0) {
    const own = segmentOf(hop.name, connection.id === '' ? hop.newId() : connection.id)
    return { connection: onSegment(connection, [own], 0), caller: { id: own.id, index: 0 } }
  }
  const current = pathSegments[index]
  if (current === undefined)
    throw malformed(connection, `index ${index} is outside its path of ${pathSegments.length} segments`)
  const caller = { id: current.id, index }
  if (current.name === hop.name) return { connection: onSegment(connection, pathSegments, index), caller }
  if (current.id !== connection.id)
    throw malformed(connection, `segment ${index} of its path has the id ${JSON.stringify(current.id)}`)
  const known = pathSegments[index + 1]
  const own = known?.name === hop.name ? known : segmentOf(hop.name, hop.newId())
  return { connection: onSegment(connection, pathSegments.toSpliced(index + 1, 1, own), index + 1), caller }
}

/** The reply as the caller must see it: the whole path, but the id and the index of the caller's own segment. */
export function leavePath(reply: Connection, { connection, caller }: Entered): Connection {
  const path = reply.path === undefined || reply.path.pathSegments.length === 0 ? connection.path : reply.path
  return { ...reply, id: caller.id, path: pathOf(path?.pathSegments ?? [], caller.index) }
}

function onSegment(connection: Connection, segments: readonly PathSegment[], index: number): Connection {
  return { ...connection, id: segments[index]?.id ?? connection.id, path: pathOf(segments, index) }
}

function pathOf(segments: readonly PathSegment[], index: number): Path {
  return create(PathSchema, { index, pathSegments: [...segments] })
}

function segmentOf(name: string, id: string): PathSegment {
  return create(PathSegmentSchema, { name, id })
}

function malformed(connection: Connection, why: string): NsmError {
  return new NsmError(
    'BAD_INPUT',
    `cannot take the connection ${JSON.stringify(connection.id)} for ${connection.networkService}: ${why}`,
  )
}
