import { type Channel, dial } from '#sdk/rpc/dial.ts'
import { type Credentials, secureClient } from '#sdk/rpc/tls.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { connectInside } from './connect-inside.ts'

/** How managers know each other: by certificates, asked for at each connection, or not at all. */
export type Security = (() => Credentials) | 'insecure'

/** Connections to other programs, kept while they are of use. */
export class Channels implements AsyncDisposable {
  readonly #security: Security
  readonly #open = new Map<string, Channel>()

  constructor(security: Security) {
    this.#security = security
  }

  /** The connection to the socket of a pod of this node. */
  get(address: Address): Channel {
    return this.#get(address, () => dial(address, { connect: connectInside }))
  }

  /** The connection to the manager of another node, who has to show that node's certificate. */
  remote(address: Address, node: string): Channel {
    const security = this.#security
    return this.#get(remoteKey(address, node), () =>
      security === 'insecure' ? dial(address) : dial(address, { connect: secureClient(security, node) }),
    )
  }

  /** Forgets a connection, so that the next one begins afresh: the program behind it is gone or new. */
  async drop(address: Address): Promise<void> {
    await this.#drop(address)
  }

  /** Forgets the connection to a manager that is elsewhere now. */
  async dropRemote(address: Address, node: string): Promise<void> {
    await this.#drop(remoteKey(address, node))
  }

  async #drop(key: string): Promise<void> {
    const channel = this.#open.get(key)
    this.#open.delete(key)
    await channel?.[Symbol.asyncDispose]()
  }

  #get(key: string, make: () => Channel): Channel {
    const open = this.#open.get(key)
    if (open !== undefined) return open
    const channel = make()
    this.#open.set(key, channel)
    return channel
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const channels = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(channels.map(channel => channel[Symbol.asyncDispose]()))
  }
}

function remoteKey(address: Address, node: string): string {
  return `${address} ${node}`
}
