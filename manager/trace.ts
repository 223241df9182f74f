import { join } from 'node:path'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { TraceRequest } from '#sdk/wire/gen/admin/admin_pb.ts'
import { Capture, type CaptureEndSchema, type CaptureEvent } from '#sdk/wire/gen/capture/capture_pb.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { netnsRefOf } from '#sdk/wire/mechanism.ts'
import type { Connections } from './connections.ts'

/** What following packets depends on. */
export interface TraceOptions {
  readonly connections: Pick<Connections, 'get'>
  readonly node: string
  /** Where the capture helper serves its socket. */
  readonly baseDir: string
  readonly signal: AbortSignal
}

/**
 * The next packets at the ends of a connection that are on this node, as its capture helper sees them. Throws NOT_FOUND
 * for an unknown connection, UNSUPPORTED where no helper runs.
 */
export async function* trace(
  request: TraceRequest,
  options: TraceOptions,
): AsyncGenerator<CaptureEvent, void> {
  const { connections, node, baseDir, signal } = options
  const wired = connections.get(request.connectionId)
  if (wired === undefined)
    throw new NsmError(
      'NOT_FOUND',
      `tracing connection ${request.connectionId}: node ${node} has none of that id`,
    )
  const { source, destination } = wired.crossConnect
  const ends = [...endOf('src', source), ...endOf('dst', destination)]
  await using channel = dial(`unix://${join(baseDir, 'nsm.capture.io.sock')}`)
  const { id } = wired.crossConnect
  try {
    yield* channel.client(Capture).capture({ id, ends, count: request.count }, { signal })
  } catch (thrown) {
    const error = NsmError.from(thrown)
    if (error.code !== 'SOCKET_MISSING' && error.code !== 'MANAGER_UNAVAILABLE') throw error
    throw new NsmError(
      'UNSUPPORTED',
      `tracing connection ${id}: no capture helper runs on node ${node}, because it may read all packets of pods and so is off by default; start it with: nsm up --capture, in a cluster with: kubectl apply -k manifests/base/capture`,
      { cause: error },
    )
  }
}

function endOf(
  side: 'src' | 'dst',
  connection: Connection | undefined,
): MessageInitShape<typeof CaptureEndSchema>[] {
  const netns = netnsRefOf(connection?.mechanism?.parameters ?? {})
  if (netns === undefined) return []
  const { cookie, inode = 0n, pidHint = 0 } = netns
  return [{ side, netnsCookie: cookie, netnsInode: inode, pid: pidHint }]
}
