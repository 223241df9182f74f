import { connect, type Socket } from 'node:net'

/** Passes everything between a connection and a port of the loopback, both ways; either end takes the other with it. */
export function relay(near: Socket, port: number, sockets: Set<Socket>): void {
  const far = connect(port, '127.0.0.1')
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
}
