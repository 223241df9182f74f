import type { Cluster } from '#kube/connect-cluster.ts'
import { NsmError } from '#sdk/errors.ts'
import type { StatusReply } from '#sdk/wire/gen/admin/admin_pb.ts'
import { Managers } from './managers.ts'

/** What the manager of a node says of itself, or why it says nothing. */
export type ManagerAnswer =
  | { readonly node: string; readonly status: StatusReply }
  | { readonly node: string; readonly error: NsmError }

/** Milliseconds that a manager may take. */
const timeoutMs = 10_000

/** Asks the manager of each node for its status; none when there is no mesh. */
export async function askManagers(
  cluster: Cluster,
  meshNamespace: string,
  signal: AbortSignal,
): Promise<readonly ManagerAnswer[]> {
  await using managers = new Managers({ cluster, meshNamespace, note: () => {}, signal })
  try {
    return await managers.each(async ({ node, admin }) => {
      try {
        return { node, status: await admin.status({}, { signal, timeoutMs }) }
      } catch (thrown) {
        return { node, error: NsmError.from(thrown) }
      }
    })
  } catch (thrown) {
    const error = NsmError.from(thrown)
    if (error.code === 'NOT_FOUND') return []
    throw error
  }
}
