/**
 * The links that forwarders should have removed while they were away, by forwarder and connection. A connection that
 * ends is in the journal until its endpoint has been told: a forwarder that comes back meanwhile must not take it for
 * one that stands. Bounded by the connections that a forwarder had when it went.
 */
export class OwedRemovals {
  readonly #ids = new Map<string, Set<string>>()

  /** A forwarder could not be told that a connection has ended. */
  owe(forwarder: string, id: string): void {
    this.#ids.set(forwarder, (this.#ids.get(forwarder) ?? new Set()).add(id))
  }

  has(forwarder: string, id: string): boolean {
    return this.#ids.get(forwarder)?.has(id) === true
  }

  /** The links have been removed, or are wanted again. */
  settle(forwarder: string, id: string): void {
    const ids = this.#ids.get(forwarder)
    ids?.delete(id)
    if (ids?.size === 0) this.#ids.delete(forwarder)
  }
}
