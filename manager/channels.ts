import { type Channel, dial } from '#sdk/rpc/dial.ts'
import type { Address } from '#sdk/rpc/types.ts'

/** Connections to other programs, kept while they are of use. */
export class Channels implements AsyncDisposable {
  readonly #open = new Map<Address, Channel>()

  get(address: Address): Channel {
    const open = this.#open.get(address)
    if (open !== undefined) return open
    const channel = dial(address)
    this.#open.set(address, channel)
    return channel
  }

  /** The connection to the manager of another node. */
  remote(address: Address, _node: string): Channel {
    return this.get(address)
  }

  /** Forgets a connection, so that the next one begins afresh: the program behind it is gone or new. */
  async drop(address: Address): Promise<void> {
    const channel = this.#open.get(address)
    this.#open.delete(address)
    await channel?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const channels = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(channels.map(channel => channel[Symbol.asyncDispose]()))
  }
}
