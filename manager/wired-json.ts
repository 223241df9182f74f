import { create, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf'
import { timestampNow } from '@bufbuild/protobuf/wkt'
import { endpoints } from '#registry/kinds.ts'
import { tolerant } from '#registry/read-row.ts'
import { NsmError } from '#sdk/errors.ts'
import { ConnectionRecordSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
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

/**
 * The connection that a text of the journal describes, which another version may have written. Throws BAD_INPUT when it lacks
 * what no connection is without.
 */
export function wiredFromText(text: string): Wired {
  const row: JournalRow = JSON.parse(text)
  const { record = {}, manager = '', forwarder = '' } = row
  const read = fromJson(ConnectionRecordSchema, record, tolerant)
  const { connection, crossConnect, created = timestampNow(), setupMicros, client } = read
  const endpoint = endpoints.fromJson(row.endpoint ?? {})
  if (connection === undefined || crossConnect === undefined || endpoint.endpoint.name === '')
    throw new NsmError('BAD_INPUT', 'it lacks the connection, its links or its endpoint')
  if (client === undefined && manager === '') throw new NsmError('BAD_INPUT', 'it does not say whose it is')
  const caller: Caller =
    client === undefined ? { kind: 'manager', name: manager } : podOf(client, crossConnect)
  return {
    id: connection.id,
    caller,
    connection,
    crossConnect,
    endpoint,
    forwarder,
    created,
    setupMicros,
  }
}

/** As far as the version that wrote it had the fields. */
interface JournalRow {
  readonly record?: JsonValue
  readonly endpoint?: JsonValue
  readonly forwarder?: string
  readonly manager?: string
}

function podOf(pod: Pod, { source }: CrossConnect): Caller {
  return {
    kind: 'pod',
    pod,
    netns: netnsRefOf(source?.mechanism?.parameters ?? {}) ?? { cookie: pod.netnsCookie },
  }
}
