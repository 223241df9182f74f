import { create, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf'
import { timestampNow } from '@bufbuild/protobuf/wkt'
import { endpoints } from '#registry/kinds.ts'
import { ConnectionRecordSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { type CrossConnect, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { netnsRefOf } from '#sdk/wire/mechanism.ts'
import type { Caller, Wired } from './request.ts'

/** A connection as text for the journal. */
export function wiredToText(wired: Wired): string {
  const { caller, connection, crossConnect, endpoint, forwarder, created, setupMicros } = wired
  const record = create(ConnectionRecordSchema, { connection, crossConnect, created, setupMicros })
  if (caller.kind === 'pod') record.client = caller.pod
  return JSON.stringify({
    record: toJson(ConnectionRecordSchema, record),
    endpoint: endpoints.toJson(endpoint),
    forwarder,
    manager: caller.kind === 'manager' ? caller.name : '',
  })
}

/** The connection that a text of the journal describes. */
export function wiredFromText(text: string): Wired {
  const row: JournalRow = JSON.parse(text)
  const record = fromJson(ConnectionRecordSchema, row.record)
  const {
    connection = create(ConnectionSchema),
    crossConnect = create(CrossConnectSchema),
    created = timestampNow(),
    setupMicros,
    client,
  } = record
  const caller: Caller =
    client === undefined ? { kind: 'manager', name: row.manager } : podOf(client, crossConnect)
  return {
    id: connection.id,
    caller,
    connection,
    crossConnect,
    endpoint: endpoints.fromJson(row.endpoint),
    forwarder: row.forwarder,
    created,
    setupMicros,
  }
}

interface JournalRow {
  readonly record: JsonValue
  readonly endpoint: JsonValue
  readonly forwarder: string
  readonly manager: string
}

function podOf(pod: Pod, { source }: CrossConnect): Caller {
  return {
    kind: 'pod',
    pod,
    netns: netnsRefOf(source?.mechanism?.parameters ?? {}) ?? { cookie: pod.netnsCookie },
  }
}
