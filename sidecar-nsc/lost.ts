import {
  type Connection,
  type ConnectionEvent,
  ConnectionEventType,
  State,
} from '#sdk/wire/gen/connection/connection_pb.ts'

/**
 * Which of our connections (by id) an event tells to be lost:
 *
 * | event                  | lost                             |
 * |------------------------|----------------------------------|
 * | INITIAL_STATE_TRANSFER | those that are absent or not up  |
 * | UPDATE                 | those of it that are not up      |
 * | DELETE                 | those of it                      |
 */
export function lostOf(event: ConnectionEvent, ours: readonly string[]): readonly string[] {
  const told = new Map(
    Object.values(event.connections).flatMap(connection =>
      idsOf(connection).map(id => [id, connection] as const),
    ),
  )
  switch (event.type) {
    case ConnectionEventType.INITIAL_STATE_TRANSFER:
      return ours.filter(id => !isUp(told.get(id)))
    case ConnectionEventType.DELETE:
      return ours.filter(id => told.has(id))
    default:
      return ours.filter(id => told.has(id) && !isUp(told.get(id)))
  }
}

/** A manager tells of connections by its own ids; the one that the client gave stands in the path. */
function idsOf({ id, path }: Connection): readonly string[] {
  return [id, ...(path?.pathSegments ?? []).map(segment => segment.id)]
}

function isUp(connection: Connection | undefined): boolean {
  return connection?.state === State.UP
}
