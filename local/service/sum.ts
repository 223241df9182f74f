import type { ForwarderStatus } from '#sdk/wire/gen/admin/admin_pb.ts'

interface ManagerStatus {
  readonly version: string
  readonly forwarders: readonly string[]
  readonly connections: number
  readonly endpoints: number
  readonly workspaces: number
  readonly forwarderDetails: readonly ForwarderStatus[]
}

/** What the managers of all nodes have together. */
export function sum(all: readonly ManagerStatus[]) {
  const total = (field: 'connections' | 'endpoints' | 'workspaces') =>
    all.reduce((count, status) => count + status[field], 0)
  return {
    version: all[0]?.version ?? '',
    forwarders: all.flatMap(({ forwarders }) => forwarders),
    forwarderDetails: all.flatMap(({ forwarderDetails }) => forwarderDetails),
    connections: total('connections'),
    endpoints: total('endpoints'),
    workspaces: total('workspaces'),
  }
}
