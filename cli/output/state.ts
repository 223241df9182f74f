import { type State, StateSchema } from '#sdk/wire/gen/connection/connection_pb.ts'

/** The name of a connection's state: UP, DOWN, ... */
export function stateName(state: State | undefined): string {
  return StateSchema.values.find(value => value.number === (state ?? 0))?.name ?? String(state)
}
