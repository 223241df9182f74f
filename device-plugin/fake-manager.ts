import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { implement } from '#sdk/rpc/implement.ts'
import { serve } from '#sdk/rpc/serve.ts'
import { NSMD } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { managerSocket } from './names.ts'

/** The manager's side of workspaces. */
export interface FakeManager extends AsyncDisposable {
  /** Workspace → uid of its pod, empty while unknown. */
  readonly open: ReadonlyMap<string, string>
  /** The workspaces that it was told of, one after the other. */
  readonly told: readonly string[]
  /** Says that a pod uses the workspace, which makes it stay. */
  readonly claim: (workspace: string) => void
}

/** Starts one in a base directory. */
export async function fakeManager(baseDir: string): Promise<FakeManager> {
  const open = new Map<string, string>()
  const told: string[] = []
  const claimed = new Set<string>()
  const server = await serve({
    address: `unix://${join(baseDir, managerSocket)}`,
    peerOf: () => undefined,
    services: [
      implement(NSMD, {
        requestClientConnection: async ({ workspace, podUid }) => {
          told.push(workspace)
          open.set(workspace, podUid)
          return { workspace }
        },
        deleteClientConnection: async ({ workspace, unclaimed }) => {
          if (unclaimed && claimed.has(workspace)) return {}
          open.delete(workspace)
          rmSync(join(baseDir, workspace), { recursive: true, force: true })
          return {}
        },
        enumConnection: async () => ({ workspace: [...open.keys()] }),
        putPod: async () => ({}),
        deletePod: async () => ({}),
      }),
    ],
  })
  return {
    open,
    told,
    claim: workspace => claimed.add(workspace),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
