import { create } from '@bufbuild/protobuf'
import { type ConnectionRecord, ConnectionRecordSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import type { Mechanism } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { mechanismClass } from '#sdk/wire/mechanism.ts'

/**
 * One record per connection: what the managers of two nodes tell of the same one is put together, the client's end from
 * one and the endpoint's from the other. In the order in which they were made.
 */
export function joinRecords(records: readonly ConnectionRecord[]): readonly ConnectionRecord[] {
  const byId = Map.groupBy(records, ({ connection }) => connection?.id ?? '')
  return [...byId.values()].flatMap(ends => {
    const near = ends.find(({ client }) => client !== undefined) ?? ends[0]
    if (near === undefined) return []
    return joined(
      near,
      ends.find(record => record !== near),
    )
  })
}

function joined(near: ConnectionRecord, far: ConnectionRecord | undefined): ConnectionRecord {
  const tunnel = tunnelOf(near.crossConnect)
  const record = create(ConnectionRecordSchema, {
    ...near,
    endpointNode: far?.node ?? (tunnel === undefined ? near.node : ''),
  })
  if (tunnel !== undefined) record.tunnel = tunnel
  if (far?.endpoint !== undefined) record.endpoint = far.endpoint
  const destination = far?.crossConnect?.destination
  if (near.crossConnect !== undefined && destination !== undefined)
    record.crossConnect = { ...near.crossConnect, destination }
  return record
}

function tunnelOf(crossConnect: CrossConnect | undefined): Mechanism | undefined {
  return [crossConnect?.source?.mechanism, crossConnect?.destination?.mechanism].find(
    mechanism => mechanism?.cls === mechanismClass.remote,
  )
}
