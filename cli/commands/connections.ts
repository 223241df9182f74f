import { Command } from 'commander'
import type { Context } from '#cli/context.ts'
import { addTarget, jsonOption } from '#cli/options.ts'
import { age } from '#cli/output/age.ts'
import { jsonOf } from '#cli/output/json.ts'
import { stateName } from '#cli/output/state.ts'
import { statisticsTable } from '#cli/output/statistics-table.ts'
import { table } from '#cli/output/table.ts'
import { type TargetOptions, withTarget } from '#cli/target.ts'
import { type ConnectionRecord, ListConnectionsReplySchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { StatisticsReplySchema } from '#sdk/wire/gen/statistics/statistics_pb.ts'
import { parameter } from '#sdk/wire/mechanism.ts'

/** `nsm connections`: every connection of the mesh in one table. */
export function connectionsCommand(context: Context): Command {
  return addTarget(new Command('connections'))
    .description('list connections: who is wired to whom, by which interfaces and addresses')
    .addOption(jsonOption())
    .option('--stats', 'instead: packets and bytes at both ends, as the kernel has counted them')
    .action(async (options: ConnectionsOptions) => {
      if (options.stats === true) return await printStatistics(options, context)
      const reply = await withTarget(options, context, ({ admin }) =>
        admin.listConnections({}, { signal: context.signal }),
      )
      if (options.json === true) context.out(jsonOf(ListConnectionsReplySchema, reply))
      else context.out(connectionTable(reply.connections, new Date()))
    })
}

interface ConnectionsOptions extends TargetOptions {
  readonly json?: boolean
  readonly stats?: boolean
}

async function printStatistics(options: ConnectionsOptions, context: Context): Promise<void> {
  const { signal, out } = context
  const { records, reply } = await withTarget(options, context, async ({ admin }) => ({
    records: (await admin.listConnections({}, { signal })).connections,
    reply: await admin.readStatistics({}, { signal }),
  }))
  if (options.json === true) out(jsonOf(StatisticsReplySchema, reply))
  else out(statisticsTable(records, reply.ends))
}

function connectionTable(records: readonly ConnectionRecord[], now: Date): string {
  return table(
    ['ID', 'SERVICE', 'CLIENT', 'ENDPOINT', 'INTERFACES', 'ADDRESSES', 'NODES', 'STATE', 'AGE'],
    records.map(record => [
      shortId(record.connection?.id ?? ''),
      record.connection?.networkService ?? '',
      record.client?.name ?? '-',
      record.endpoint?.name ?? record.connection?.networkServiceEndpointName ?? '-',
      `${interfaceOf(record, 'source')} - ${interfaceOf(record, 'destination')}`,
      addressesOf(record),
      nodesOf(record),
      stateName(record.connection?.state),
      age(record.created, now),
    ]),
  )
}

/** The beginning of an id, long enough to be told apart by a person. */
export function shortId(id: string): string {
  return id.length > 12 ? id.slice(0, 12) : id
}

/** The interface name at one end. */
export function interfaceOf(record: ConnectionRecord, end: 'source' | 'destination'): string {
  return record.crossConnect?.[end]?.mechanism?.parameters[parameter.name] ?? '?'
}

function addressesOf(record: ConnectionRecord): string {
  const context = record.connection?.context?.ipContext
  return `${context?.srcIpAddrs.join(',') ?? ''} - ${context?.dstIpAddrs.join(',') ?? ''}`
}

/** `node-1`, or `node-1 - node-2 VXLAN 4711` for a tunnel. */
function nodesOf({ node, endpointNode, tunnel }: ConnectionRecord): string {
  if (tunnel === undefined) return node
  const far = endpointNode === '' ? '?' : endpointNode
  return `${node} - ${far} ${[tunnel.type, tunnel.parameters[parameter.vni] ?? ''].join(' ').trim()}`
}
