import { hash } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import { type Connection, PathSchema, PathSegmentSchema } from '#sdk/wire/gen/connection/connection_pb.ts'

/** The segment of the path that a request enters. */
export interface Hop {
  /** Name of the caller, for a path that is empty still. */
  readonly caller: string
  /** Name of this manager. */
  readonly name: string
  /** The id that the connection has here. */
  readonly id: string
}

/**
 * The connection as the next hop sees it (NSM v1, updatepath): its id is the hop's, and the path has the hop's segment
 * after the caller's. BAD_INPUT when the caller's own segment has another id than the connection.
 */
export function enterPath(connection: Connection, { caller, name, id }: Hop): Connection {
  const { index, pathSegments } = pathOf(connection, caller)
  if (pathSegments[index]?.id !== connection.id)
    throw new NsmError(
      'BAD_INPUT',
      `requesting connection ${connection.id}: path segment ${index}, the caller's, has the id ${pathSegments[index]?.id ?? 'of nobody'}`,
    )
  const beyond = pathSegments[index + 1]?.name === name ? pathSegments.slice(index + 2) : []
  const own = create(PathSegmentSchema, { name, id })
  const path = create(PathSchema, {
    index: index + 1,
    pathSegments: [...pathSegments.slice(0, index + 1), own, ...beyond],
  })
  return { ...connection, id, path }
}

/** The connection as the previous hop sees it: its id and its index again, the path complete. */
export function leavePath(connection: Connection): Connection {
  const { index = 1, pathSegments = [] } = connection.path ?? {}
  const path = create(PathSchema, { index: index - 1, pathSegments })
  return { ...connection, id: pathSegments[index - 1]?.id ?? connection.id, path }
}

/** Takes over what the hops behind us have added to the path of a reply; our part of it stays as it is. */
export function extendPath(own: Connection, reply: Connection): Connection {
  const { index = 0, pathSegments = [] } = own.path ?? {}
  const beyond = reply.path?.pathSegments.slice(index + 1) ?? []
  return {
    ...own,
    path: create(PathSchema, { index, pathSegments: [...pathSegments.slice(0, index + 1), ...beyond] }),
  }
}

/**
 * The id of a caller's connection at this manager: 16 hexadecimal digits that depend on the caller and its own id
 * alone. So a repeated request is a refresh, and a pod that was made anew under its old name is somebody else.
 */
export function scopedId(scope: string, id: string): string {
  return hash('sha256', `${scope}\0${id}`, 'hex').slice(0, 16)
}

function pathOf({ id, path }: Connection, caller: string) {
  if (path !== undefined && path.pathSegments.length > 0) return path
  return create(PathSchema, { pathSegments: [{ name: caller, id }] })
}
