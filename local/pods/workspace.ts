import { join } from 'node:path'
import type { Container } from '#kube/pod.ts'

/** The extended resource of which a container asks for one to get a workspace. */
const socketResource = 'networkservicemesh.io/socket'

/** Whether a container asks for a workspace. */
export function asksForWorkspace({ resources }: Container): boolean {
  const amount = resources?.limits?.[socketResource] ?? resources?.requests?.[socketResource] ?? 0
  return Number(amount) > 0
}

/** Name of the workspace of a pod's container: unique among pods, and short because it is part of a socket's path. */
export function workspaceName(uid: string, index: number): string {
  return `${uid.slice(0, 13)}-${index}`
}

/** The variables that a device plugin gives to a container with its workspace (NSM v0.2 §2.2). */
export function workspaceVariables(base: string, workspace: string): Readonly<Record<string, string>> {
  const folder = join(base, workspace)
  return {
    WORKSPACE: folder,
    NSM_SERVER_SOCKET: join(folder, 'nsm.server.io.sock'),
    NSM_CLIENT_SOCKET: join(folder, 'nsm.client.io.sock'),
  }
}
