import { toJson } from '@bufbuild/protobuf'
import { Command, Option } from 'commander'
import type { Context } from '#cli/context.ts'
import { addTarget, jsonOption, namespaceOption } from '#cli/options.ts'
import { packetLine } from '#cli/output/packet-line.ts'
import { type TargetOptions, withTarget } from '#cli/target.ts'
import { duration } from '#runtime/parse.ts'
import { NsmError } from '#sdk/errors.ts'
import type { ConnectionRecord } from '#sdk/wire/gen/admin/admin_pb.ts'
import { type CaptureEvent, CaptureEventSchema } from '#sdk/wire/gen/capture/capture_pb.ts'
import { findConnection } from './find-connection.ts'

interface TraceOptions extends TargetOptions {
  readonly namespace: string
  readonly count: number
  readonly timeout: number
  readonly json?: boolean
}

/** `nsm trace`: the next packets of a connection, at both ends. */
export function traceCommand(context: Context): Command {
  return addTarget(new Command('trace'))
    .description(
      'print the next packets of a connection at both ends; needs the capture helper: nsm up --capture, manifests/base/capture',
    )
    .argument('<connection>', 'beginning of its id, or the client: POD or deploy/NAME')
    .addOption(namespaceOption())
    .addOption(
      new Option('-c, --count <packets>', 'packets at each end, at most 10000').default(10).argParser(count),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for them').default(30_000, '30s').argParser(time),
    )
    .addOption(jsonOption())
    .action(async (wanted: string, options: TraceOptions) => {
      await withTarget(options, context, async connection => {
        const target = { name: wanted, namespace: options.namespace }
        const record = await findConnection(connection, target, context.signal)
        const late = AbortSignal.timeout(options.timeout)
        const signal = AbortSignal.any([context.signal, late])
        const request = { connectionId: record.connection?.id ?? '', count: options.count }
        try {
          for await (const event of connection.admin.trace(request, { signal }))
            show(event, record, { context, json: options.json ?? false })
        } catch (thrown) {
          if (!late.aborted || context.signal.aborted) throw thrown
          context.note(`stopped after ${options.timeout} ms with fewer packets than asked for\n`)
        }
      })
    })
}

function show(
  captured: CaptureEvent,
  record: ConnectionRecord,
  { context, json }: { readonly context: Context; readonly json: boolean },
): void {
  const { event, node, interface: name } = captured
  if (json) {
    context.out(`${JSON.stringify(toJson(CaptureEventSchema, captured, { alwaysEmitImplicit: true }))}\n`)
    return
  }
  const pod = podOf(captured, record)
  if (event.case === 'packet') context.out(packetLine(captured, pod, event.value))
  else if (event.case === 'started') context.note(`listening on ${node} at ${name} of ${pod}\n`)
  else if (event.case === 'ended' && event.value.dropped > 0)
    context.note(`${event.value.dropped} packets at ${name} of ${pod} came too fast and were not seen\n`)
}

function podOf({ side }: CaptureEvent, { client, endpoint, connection }: ConnectionRecord): string {
  if (side === 'src') return client?.name ?? '-'
  return endpoint?.name ?? connection?.networkServiceEndpointName ?? '-'
}

function count(value: string): number {
  const number = /^[0-9]{1,5}$/.test(value) ? Number(value) : 0
  if (number >= 1 && number <= 10_000) return number
  throw new NsmError('BAD_USAGE', `--count ${value}: expected a whole number from 1 to 10000`)
}

function time(value: string): number {
  try {
    return duration(value)
  } catch (cause) {
    throw new NsmError('BAD_USAGE', `--timeout ${value}: expected a duration like 500ms, 30s or 2m`, {
      cause,
    })
  }
}
