import type { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'

/** The states of both ends. */
export interface EndStates {
  readonly source: State
  readonly destination: State
}

/** The cross connect with these states; an end that it lacks stays absent. */
export function withStates(crossConnect: CrossConnect, states: EndStates): CrossConnect {
  const { source, destination } = crossConnect
  return {
    ...crossConnect,
    ...(source === undefined ? {} : { source: { ...source, state: states.source } }),
    ...(destination === undefined ? {} : { destination: { ...destination, state: states.destination } }),
  }
}

/** Whether the ends of both have the same states. */
export function sameStates(one: CrossConnect, other: CrossConnect): boolean {
  return one.source?.state === other.source?.state && one.destination?.state === other.destination?.state
}
