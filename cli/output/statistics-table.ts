import type { ConnectionRecord } from '#sdk/wire/gen/admin/admin_pb.ts'
import type { EndStatistics } from '#sdk/wire/gen/statistics/statistics_pb.ts'
import { bytes } from './bytes.ts'
import { table } from './table.ts'

/** One row per end: what each pod has received and sent through its interface since that was made. */
export function statisticsTable(
  records: readonly ConnectionRecord[],
  ends: readonly EndStatistics[],
): string {
  const byId = Map.groupBy(ends, ({ id }) => id)
  return table(
    ['ID', 'SERVICE', 'POD', 'INTERFACE', 'RECEIVED', 'SENT', 'ERRORS', 'DROPPED'],
    records.flatMap(record => {
      const id = record.connection?.id ?? ''
      return (byId.get(id) ?? [])
        .toSorted(clientFirst)
        .map(end => [
          id.slice(0, 12),
          record.connection?.networkService ?? '',
          podOf(record, end),
          end.interface,
          `${end.rxPackets} packets, ${bytes(end.rxBytes)}`,
          `${end.txPackets} packets, ${bytes(end.txBytes)}`,
          String(end.rxErrors + end.txErrors),
          String(end.rxDropped + end.txDropped),
        ])
    }),
  )
}

function podOf({ client, endpoint, connection }: ConnectionRecord, { side }: EndStatistics): string {
  if (side === 'src') return client?.name ?? '-'
  return endpoint?.name ?? connection?.networkServiceEndpointName ?? '-'
}

function clientFirst(a: EndStatistics, b: EndStatistics): number {
  return b.side.localeCompare(a.side)
}
