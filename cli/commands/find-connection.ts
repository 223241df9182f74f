import type { MeshView } from '#cli/mesh-view.ts'
import { NsmError } from '#sdk/errors.ts'
import type { ConnectionRecord } from '#sdk/wire/gen/admin/admin_pb.ts'
import { findPod } from './find-pod.ts'

/**
 * The one connection that a person means: the beginning of its id, or its client's pod by name or as `deploy/NAME`.
 * None or several is an error that lists what there is.
 */
export async function findConnection(
  connection: MeshView,
  wanted: { readonly name: string; readonly namespace: string },
  signal: AbortSignal,
): Promise<ConnectionRecord> {
  const { connections } = await connection.admin.listConnections({}, { signal })
  const found = matching(connections, await findPod(connection, wanted, signal))
  const [only] = found
  if (found.length === 1 && only !== undefined) return only
  const list = (found.length === 0 ? connections : found).map(label).join(', ')
  if (found.length === 0)
    throw new NsmError(
      'NOT_FOUND',
      `no connection or pod "${wanted.name}"; connections: ${list === '' ? 'none' : list}`,
    )
  throw new NsmError('BAD_USAGE', `"${wanted.name}" means ${found.length} connections: ${list}`)
}

/** All connections whose id begins so, or else those whose client's pod is called so. */
export function matching(
  connections: readonly ConnectionRecord[],
  wanted: string,
): readonly ConnectionRecord[] {
  const byId = connections.filter(record => record.connection?.id.startsWith(wanted) === true)
  if (byId.length > 0) return byId
  return connections.filter(record => record.client?.name === wanted)
}

function label(record: ConnectionRecord): string {
  return `${record.connection?.id ?? '?'} (${record.client?.name ?? '?'} → ${record.connection?.networkService ?? '?'})`
}
