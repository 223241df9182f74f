import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { relay } from './relay.ts'

/** A way to a server that a test can break. */
export interface Detour extends AsyncDisposable {
  /** `https://127.0.0.1:port`. */
  readonly url: string
  /** Breaks what is connected. */
  disconnect(): void
  /** Breaks what is connected and lets nothing in until the returned function is called. */
  block(): () => void
}

/** Passes bytes on to a server of the loopback. */
export async function openDetour(target: string): Promise<Detour> {
  const sockets = new Set<Socket>()
  let isOpen = true
  const server = createServer(near => {
    if (!isOpen) {
      near.destroy()
      return
    }
    relay(near, Number(new URL(target).port), sockets)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const disconnect = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    disconnect,
    block() {
      isOpen = false
      disconnect()
      return () => {
        isOpen = true
      }
    },
    async [Symbol.asyncDispose]() {
      disconnect()
      await once(server.close(), 'close')
    },
  }
}
