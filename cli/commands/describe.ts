import { Command } from 'commander'
import type { Context } from '#cli/context.ts'
import type { MeshView } from '#cli/mesh-view.ts'
import { addTarget, jsonOption, namespaceOption } from '#cli/options.ts'
import { clock } from '#cli/output/age.ts'
import { jsonOf } from '#cli/output/json.ts'
import type { Paint } from '#cli/output/paint.ts'
import { stateName } from '#cli/output/state.ts'
import { table } from '#cli/output/table.ts'
import { type TargetOptions, withTarget } from '#cli/target.ts'
import { NsmError } from '#sdk/errors.ts'
import { type ConnectionRecord, type Event, EventSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { parameter } from '#sdk/wire/mechanism.ts'
import { interfaceOf } from './connections.ts'
import { matching } from './find-connection.ts'
import { findPod } from './find-pod.ts'
import { stepNumber, stepsOf } from './steps.ts'

/** `nsm describe POD|CONNECTION`: what a connection is, and the steps by which it came about. */
export function describeCommand(context: Context): Command {
  return addTarget(new Command('describe'))
    .description('show a connection and every step by which it came about, refusals included')
    .argument('<what>', 'a client pod, deploy/NAME, or the beginning of a connection id')
    .addOption(namespaceOption())
    .addOption(jsonOption())
    .action(
      async (
        what: string,
        options: TargetOptions & { readonly namespace: string; readonly json?: boolean },
      ) => {
        await withTarget(options, context, async connection => {
          const wanted = await findPod(
            connection,
            { name: what, namespace: options.namespace },
            context.signal,
          )
          const { connections } = await connection.admin.listConnections({}, { signal: context.signal })
          const records = matching(connections, wanted)
          const events = await allEvents(connection, context.signal)
          const ids =
            records.length > 0
              ? records.map(record => record.connection?.id ?? '')
              : pendingIds(events, wanted)
          if (ids.length === 0)
            throw new NsmError(
              'NOT_FOUND',
              `no connection and no request of "${what}"; nsm connections lists what there is`,
            )
          for (const id of ids) {
            const steps = stepsOf(events, id)
            if (options.json === true) context.out(steps.map(step => jsonOf(EventSchema, step)).join(''))
            else
              context.out(
                describe(
                  records.find(record => record.connection?.id === id),
                  steps,
                  context.paint,
                ),
              )
          }
        })
      },
    )
}

/** Connections that have not come about yet are known by their events alone. */
function pendingIds(events: readonly Event[], what: string): readonly string[] {
  const own = events.filter(
    event =>
      event.connectionId !== '' &&
      (event.connectionId.startsWith(what) || (event.step === 'requested' && event.object.endsWith(what))),
  )
  return [...new Set(own.map(event => event.connectionId))]
}

async function allEvents({ admin }: MeshView, signal: AbortSignal): Promise<readonly Event[]> {
  return await Array.fromAsync(admin.events({}, { signal }))
}

function describe(record: ConnectionRecord | undefined, steps: readonly Event[], paint: Paint): string {
  const head = record === undefined ? 'Not connected\n' : summary(record)
  const rows = steps.map(step => [
    stepNumber(step.step),
    clock(step.time),
    step.step.includes('refused') || step.step === 'failed' || step.step.includes('lost')
      ? paint('red', step.step)
      : step.step,
    step.program,
    step.node,
    step.object,
    step.text,
  ])
  return `${head}\n${table(['STEP', 'TIME', 'WHAT', 'PROGRAM', 'NODE', 'OBJECT', 'IN WORDS'], rows)}\n`
}

function summary(record: ConnectionRecord): string {
  const context = record.connection?.context?.ipContext
  const setup =
    record.setupMicros === 0n ? '' : `, made in ${(Number(record.setupMicros) / 1000).toFixed(1)} ms`
  const routes = context?.srcRoutes.map(route => route.prefix).join(', ') ?? ''
  return [
    `Connection  ${record.connection?.id ?? ''}`,
    `Service     ${record.connection?.networkService ?? ''}`,
    `State       ${stateName(record.connection?.state)} on ${record.node}${setup}`,
    `Client      ${record.client?.namespace ?? ''}/${record.client?.name ?? ''}  ${interfaceOf(record, 'source')}  ${context?.srcIpAddrs.join(', ') ?? ''}`,
    `Endpoint    ${record.endpoint?.namespace ?? ''}/${record.endpoint?.name ?? ''}  ${interfaceOf(record, 'destination')}  ${context?.dstIpAddrs.join(', ') ?? ''}`,
    ...(routes === '' ? [] : [`Routes      ${routes}`]),
    ...(record.tunnel === undefined ? [] : [`Tunnel      ${tunnelText(record)}`]),
    '',
  ].join('\n')
}

/** `VXLAN 4711 from 10.240.0.1 on node-1 to 10.240.0.2 on node-2, port 14789, MTU 1450`. */
function tunnelText({ node, endpointNode, tunnel, connection }: ConnectionRecord): string {
  const of = tunnel?.parameters ?? {}
  const mtu = connection?.context?.MTU ?? 0
  return [
    `${tunnel?.type ?? ''} ${of[parameter.vni] ?? ''} from ${of[parameter.srcIp] ?? '?'} on ${node} to ${of[parameter.dstIp] ?? '?'} on ${endpointNode}`,
    `port ${of[parameter.dstPort] ?? '?'}`,
    ...(mtu === 0 ? [] : [`MTU ${mtu}`]),
  ].join(', ')
}
