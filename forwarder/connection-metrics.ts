import type { Kernel } from '#kernel/port.ts'
import type { Metric } from '#runtime/metrics-text.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { type EndCounters, readStatistics } from './statistics.ts'

/** The counters of all ends, read from the kernel now; they go on over restarts, because the kernel keeps them. */
export async function connectionMetrics(
  kernel: Kernel,
  crossConnects: readonly CrossConnect[],
  signal: AbortSignal,
): Promise<readonly Metric[]> {
  const byId = new Map(crossConnects.map(crossConnect => [crossConnect.id, crossConnect]))
  const ends = await readStatistics(kernel, crossConnects, signal)
  const labelled = ends.map(end => ({ end, labels: labelsOf(byId.get(end.id), end) }))
  return [
    {
      name: 'nsm_forwarder_connections',
      type: 'gauge',
      help: 'Connections of this forwarder.',
      samples: [{ labels: {}, value: crossConnects.length }],
    },
    ...rows.map(
      ({ field, name, help }): Metric => ({
        name,
        type: 'counter',
        help,
        samples: labelled.map(({ end, labels }) => ({ labels, value: end[field] ?? 0n })),
      }),
    ),
  ]
}

/** Pods by the labels that NSM v0.2 clients give their connections; a manager need not tell whose an end is. */
function labelsOf(crossConnect: CrossConnect | undefined, { id, side, interface: name = '' }: EndCounters) {
  const end = side === 'src' ? crossConnect?.source : crossConnect?.destination
  return {
    connection: id,
    network_service: crossConnect?.source?.networkService ?? '',
    side: side === 'src' ? 'client' : 'endpoint',
    interface: name,
    pod: end?.labels['podName'] ?? '',
    pod_namespace: end?.labels['namespace'] ?? '',
  }
}

const rows = [
  {
    field: 'rxPackets',
    name: 'nsm_connection_receive_packets_total',
    help: 'Packets that the pod received.',
  },
  { field: 'txPackets', name: 'nsm_connection_transmit_packets_total', help: 'Packets that the pod sent.' },
  { field: 'rxBytes', name: 'nsm_connection_receive_bytes_total', help: 'Bytes that the pod received.' },
  { field: 'txBytes', name: 'nsm_connection_transmit_bytes_total', help: 'Bytes that the pod sent.' },
  { field: 'rxErrors', name: 'nsm_connection_receive_errors_total', help: 'Packets received broken.' },
  {
    field: 'txErrors',
    name: 'nsm_connection_transmit_errors_total',
    help: 'Packets that could not be sent.',
  },
  { field: 'rxDropped', name: 'nsm_connection_receive_dropped_total', help: 'Packets received and dropped.' },
  {
    field: 'txDropped',
    name: 'nsm_connection_transmit_dropped_total',
    help: 'Packets dropped instead of sent.',
  },
] as const
