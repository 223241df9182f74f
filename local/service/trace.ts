import type { Node } from '#local/nodes/node.ts'
import { NsmError } from '#sdk/errors.ts'
import { merge } from '#sdk/rpc/merge.ts'
import type { TraceRequest } from '#sdk/wire/gen/admin/admin_pb.ts'
import type { CaptureEvent } from '#sdk/wire/gen/capture/capture_pb.ts'

/** The packets of a connection on every node that has an end of it. Throws NOT_FOUND when none has. */
export async function* trace(
  nodes: readonly Node[],
  request: TraceRequest,
  signal: AbortSignal,
): AsyncGenerator<CaptureEvent, void, void> {
  const asked = await Promise.all(
    nodes.map(async ({ admin }) => {
      const { connections } = await admin.listConnections({}, { signal })
      return connections.some(({ connection }) => connection?.id === request.connectionId) ? [admin] : []
    }),
  )
  const admins = asked.flat()
  if (admins.length === 0)
    throw new NsmError('NOT_FOUND', `tracing connection ${request.connectionId}: no node has one of that id`)
  yield* merge(admins.map(admin => admin.trace(request, { signal })))
}
