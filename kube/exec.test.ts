import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { startOddServer } from '#test/apiserver/odd-server.ts'
import { connectCluster } from './connect-cluster.ts'
import { encodeFrame, FrameReader, opcode } from './websocket-frame.ts'

const command = { namespace: 'nsm-system', pod: 'nsm-manager-x', container: 'manager', argv: ['cat', 'a b'] }
const outcome = (status: object) => Buffer.from(JSON.stringify(status))

/** Talks as a kubelet does: what comes on the input is given to `said`, with a way to answer. */
async function kubelet(
  said: (message: Buffer, send: (channel: number, bytes: Buffer) => void, socket: Duplex) => void,
  protocol = 'v5.channel.k8s.io',
) {
  const asked: string[] = []
  const server = await startOddServer(
    (_, response) => response.writeHead(403).end('{"reason":"Forbidden","message":"pods/exec is forbidden"}'),
    (request, socket) => {
      asked.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`)
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-protocol: ${protocol}\r\n\r\n`,
      )
      const reader = new FrameReader()
      const send = (channel: number, bytes: Buffer) =>
        void socket.write(encodeFrame(opcode.binary, Buffer.concat([Buffer.of(channel), bytes]), 'server'))
      socket.on('error', () => undefined)
      socket.on('data', (bytes: Buffer) => {
        for (const frame of reader.push(bytes))
          if (frame.opcode === opcode.binary) said(frame.payload, send, socket)
      })
      socket.write(encodeFrame(opcode.ping, Buffer.from('there?'), 'server'))
      send(1, Buffer.alloc(0))
    },
  )
  const cluster = await connectCluster({ server: server.url, ca: server.ca, token: 'secret' })
  return {
    cluster,
    asked,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('a command in a container', () => {
  it('reads what we write and tells its end', async () => {
    await using there = await kubelet((message, send) => {
      if (message[0] === 0) send(1, message.subarray(1))
      // The end of our input.
      if (message[0] === 255) send(3, outcome({ status: 'Success' }))
    })
    const running = there.cluster.exec(command)
    running.end('hello')
    expect(await text(running)).toBe('hello')
    expect(there.asked).toEqual([
      '/api/v1/namespaces/nsm-system/pods/nsm-manager-x/exec?container=manager&stdin=true&stdout=true&stderr=true&command=cat&command=a+b Bearer secret',
    ])
  })

  it('carries more than fits into one turn, both ways', async () => {
    const big = Buffer.alloc(3_000_000, 'x')
    let size = 0
    await using there = await kubelet((message, send) => {
      if (message[0] === 255) return send(3, outcome({ status: 'Success' }))
      size += message.length - 1
      send(1, message.subarray(1))
    })
    const running = there.cluster.exec(command)
    running.end(big)
    expect((await text(running)).length).toBe(big.length)
    expect(size).toBe(big.length)
  })

  it('says why it failed, in its own words', async () => {
    await using there = await kubelet((_, send) => {
      send(2, Buffer.from('cat: no such file\n'))
      send(3, outcome({ status: 'Failure', message: 'command terminated with exit code 1' }))
    })
    const running = there.cluster.exec(command)
    running.write('x')
    await expect(text(running)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('command terminated with exit code 1: cat: no such file'),
    })
  })

  it('says that the connection was lost', async () => {
    await using there = await kubelet((_message, _send, socket) => socket.destroy())
    const running = there.cluster.exec(command)
    running.write('x')
    await expect(text(running)).rejects.toMatchObject({ code: 'API_UNAVAILABLE' })
  })

  it('is cut when it is not wanted any more', async () => {
    const closed = Promise.withResolvers<void>()
    await using there = await kubelet((_message, _send, socket) => socket.once('close', closed.resolve))
    const running = there.cluster.exec(command)
    await once(running, 'connect')
    running.write('x')
    running.once('error', () => undefined)
    running.destroy()
    await once(running, 'close')
    expect(running.destroyed).toBe(true)
  })

  it('is refused by the API server with its words', async () => {
    await using server = await startOddServer((_, response) =>
      response.writeHead(403).end('{"reason":"Forbidden","message":"pods/exec is forbidden"}'),
    )
    await using cluster = await connectCluster({ server: server.url, ca: server.ca, token: 'secret' })
    await expect(text(cluster.exec(command))).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringContaining('pods/exec is forbidden'),
    })
  })
})
