import type { OpenNetns } from './netns.ts'
import type { Namespace } from './port.ts'
import type { NetlinkSocket, Sent } from './socket.ts'

/** Where verbs work: a namespace that is open, with a socket in it. */
export interface Place {
  readonly netns: OpenNetns
  readonly socket: NetlinkSocket
  /** `in network namespace <cookie>`, for messages. */
  readonly where: string
  /** Where procfs is mounted writable. */
  readonly proc: string
  /** The descriptor of another open namespace of the same kernel. */
  readonly fdOf: (namespace: Namespace) => number
  /** Told of each request, for sockets that a verb opens itself. */
  readonly sent?: Sent | undefined
}
