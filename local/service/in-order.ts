import type { Event } from '#sdk/wire/gen/admin/admin_pb.ts'

/** Events of several nodes, oldest first. */
export function inOrder(events: readonly Event[]): readonly Event[] {
  return events.toSorted((a, b) => Number(timeOf(a) - timeOf(b)))
}

function timeOf({ time }: Event): bigint {
  return (time?.seconds ?? 0n) * 1_000_000_000n + BigInt(time?.nanos ?? 0)
}
