import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

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
    const far = connect(Number(new URL(target).port), '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
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
