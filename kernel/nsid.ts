import { decodeNsid, encodeNsid, encodeNsidQuery } from './codec/nsid.ts'
import { isKernelError } from './errors.ts'
import type { OpenNetns } from './netns.ts'
import { NetlinkSocket, type Sent } from './socket.ts'

/**
 * The ids that namespaces have in our own: with one, a namespace's events reach our sockets. An id lasts until its
 * namespace dies, over restarts of this process.
 */
export class Nsids implements Disposable {
  readonly #cookies = new Map<number, bigint>()
  readonly #known = new Set<bigint>()
  readonly #sent: Sent | undefined
  #socket: NetlinkSocket | undefined

  constructor(sent?: Sent) {
    this.#sent = sent
  }

  /** Sees to it that a namespace has an id. Equivalent to: `ip netns set NAME auto` */
  assign(netns: OpenNetns): void {
    if (this.#known.has(netns.cookie)) return
    this.#socket ??= new NetlinkSocket(this.#sent)
    this.#remember(this.#idOf(this.#socket, netns), netns.cookie)
  }

  /** Whether the namespace of an open descriptor has an id, by whomever it was given. Throws KernelError. */
  knows(fd: number): boolean {
    this.#socket ??= new NetlinkSocket(this.#sent)
    return idOf(this.#socket, { fd, doing: 'asking whether a network namespace has an id' }) !== undefined
  }

  /** Cookie of the namespace with an id; undefined for one that we did not assign or ask for. */
  cookieOf(nsid: number): bigint | undefined {
    return this.#cookies.get(nsid)
  }

  /** To be called when a namespace died: its id will be given to another. */
  forget(nsid: number): void {
    const cookie = this.#cookies.get(nsid)
    if (cookie !== undefined) this.#known.delete(cookie)
    this.#cookies.delete(nsid)
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]()
    this.#socket = undefined
  }

  /** An id that is given out again ends the claim of a namespace whose death nobody told us of. */
  #remember(nsid: number, cookie: bigint): void {
    this.forget(nsid)
    this.#cookies.set(nsid, cookie)
    this.#known.add(cookie)
  }

  #idOf(socket: NetlinkSocket, { fd, cookie }: OpenNetns): number {
    const doing = `giving network namespace ${cookie} an id in our own`
    try {
      const made = socket.make({ name: 'RTM_NEWNSID', body: encodeNsid(fd), doing })
      const id = made === undefined ? undefined : decodeNsid(made.body)
      if (id !== undefined) return id
    } catch (cause) {
      if (!isKernelError(cause, 'EEXIST')) throw cause
    }
    return idOf(socket, { fd, doing }) ?? -1
  }
}

function idOf(
  socket: NetlinkSocket,
  { fd, doing }: { readonly fd: number; readonly doing: string },
): number | undefined {
  return decodeNsid(socket.get({ name: 'RTM_GETNSID', body: encodeNsidQuery(fd), doing }).body)
}
