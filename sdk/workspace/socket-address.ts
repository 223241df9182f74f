import { resolve } from 'node:path'
import { NsmError } from '#sdk/errors.ts'
import type { Address } from '#sdk/rpc/types.ts'

/** Names of the two sockets in a workspace (NSM v0.2): the manager serves one, the pod the other. */
export const socketName = { server: 'nsm.server.io.sock', client: 'nsm.client.io.sock' } as const

/** What the environment of a container says of its workspace; an empty text says nothing. */
export interface WorkspaceSettings {
  /** NSM_SERVER_SOCKET or NSM_CLIENT_SOCKET: a path (v0) or `unix://` and a path (v1). */
  readonly socket: string
  /** WORKSPACE: the directory that holds both sockets. */
  readonly workspace: string
}

/** Where a socket of the workspace is. Fails with BAD_CONFIG when the environment says neither socket nor directory. */
export function socketAddress(which: keyof typeof socketName, settings: WorkspaceSettings): Address {
  const { socket, workspace } = settings
  if (socket !== '') return `unix://${resolve(socket.replace(/^unix:(\/\/)?/, ''))}`
  if (workspace !== '') return `unix://${resolve(workspace, socketName[which])}`
  throw new NsmError(
    'BAD_CONFIG',
    `finding the ${which} socket: neither NSM_${which.toUpperCase()}_SOCKET nor WORKSPACE is set; the device plugin sets both in a container that has the resource limit networkservicemesh.io/socket: "1"`,
  )
}
