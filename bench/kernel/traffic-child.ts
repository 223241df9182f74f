import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * One end of the traffic, a process in a pod that its parent tells what to send: `serve`, or one measurement to an
 * address, which it answers with a number. Ports: 7001 swallows TCP, 7002 answers UDP, 7003 counts UDP.
 */
export interface Order {
  readonly what: 'serve' | 'throughput' | 'packets' | 'roundtrip' | 'count'
  readonly to?: string
  /** Milliseconds. */
  readonly ms?: number
}

let counted = 0

const orders: Readonly<Record<Order['what'], (order: Required<Order>) => Promise<number>>> = {
  async serve() {
    const swallow = createServer(socket => socket.on('error', () => undefined).resume())
    swallow.listen(7001, '0.0.0.0')
    const echo = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
    echo.on('message', (bytes, { port, address }) => echo.send(bytes, port, address)).bind(7002)
    const counter = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
    counter.on('message', () => void (counted += 1)).bind(7003)
    await Promise.all([swallow, echo, counter].map(each => once(each, 'listening')))
    return 0
  },

  /** Packets of 64 bytes that have come since it was last asked. */
  async count() {
    const came = counted
    counted = 0
    return came
  },

  /** Bytes a second. */
  async throughput({ to, ms }) {
    const socket = connect(7001, to)
    await once(socket, 'connect')
    const block = Buffer.alloc(256 * 1024)
    const begun = performance.now()
    while (performance.now() - begun < ms) {
      if (!socket.write(block)) await once(socket, 'drain')
    }
    const rate = (socket.bytesWritten * 1000) / (performance.now() - begun)
    socket.destroy()
    return rate
  },

  /** Sends as many packets as it can. */
  async packets({ to, ms }) {
    const socket = createSocket('udp4')
    socket.connect(7003, to)
    await once(socket, 'connect')
    const packet = Buffer.alloc(64)
    const begun = performance.now()
    let sent = 0
    while (performance.now() - begun < ms) {
      for (let burst = 0; burst < 32; burst++) socket.send(packet)
      sent += 32
      await new Promise(setImmediate)
    }
    const rate = (sent * 1000) / (performance.now() - begun)
    socket.close()
    return rate
  },

  /** Microseconds of one exchange. */
  async roundtrip({ to, ms }) {
    const socket = createSocket('udp4')
    socket.connect(7002, to)
    await once(socket, 'connect')
    const packet = Buffer.alloc(64)
    const begun = performance.now()
    let answers = 0
    while (performance.now() - begun < ms) {
      const answered = once(socket, 'message')
      socket.send(packet)
      await answered
      answers += 1
    }
    const micros = ((performance.now() - begun) * 1000) / answers
    socket.close()
    return micros
  },
}

process.on('message', (order: Order) => {
  void orders[order.what]({ to: '', ms: 0, ...order }).then(answer => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
