import type { Socket } from 'node:net'

interface Connection<P> {
  readonly socket: Socket
  readonly peer: P
}

/**
 * The accepted connections and who is at their other end. grpc-js tells a handler nothing of its socket but
 * `getPeer()`, which reads the socket's remote address; so each socket gets a unique one that is a key into this table.
 */
export class Connections<P> {
  readonly #open = new Map<string, Connection<P>>()
  #count = 0

  /** Remembers a connection until its socket closes. */
  admit(socket: Socket, peer: P): void {
    this.#count += 1
    const key = `connection-${this.#count}`
    Object.defineProperties(socket, { remoteAddress: { value: key }, remotePort: { value: undefined } })
    this.#open.set(key, { socket, peer })
    socket.once('close', () => this.#open.delete(key))
  }

  /** The connection that a call came over, or undefined when that has closed. */
  find(call: { getPeer(): string }): { readonly peer: P } | undefined {
    return this.#open.get(call.getPeer())
  }

  /** Settles when all connections have closed. */
  async closed(): Promise<void> {
    // Not `once` of node:events, which fails when the caller resets the connection.
    const closing = Array.from(
      this.#open.values(),
      ({ socket }) => new Promise(resolve => socket.once('close', resolve)),
    )
    await Promise.all(closing)
  }

  /** Closes all connections whatever goes on in them. */
  cut(): void {
    for (const { socket } of this.#open.values()) socket.destroy()
  }
}
