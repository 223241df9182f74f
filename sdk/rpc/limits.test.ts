import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Connection } from '#sdk/http2/connection.ts'
import { encodeFields, type Fields } from '#sdk/http2/hpack.ts'
import { serveNetworkService, socketDirectory } from './fixture.ts'
import { Hoard } from './hoard.ts'

const requestHead = encodeFields([
  [':method', 'POST'],
  [':path', '/networkservice.NetworkService/Request'],
  ['content-type', 'application/grpc'],
])

describe('what one server bears', () => {
  it('is a number of connections at a time', async () => {
    using directory = socketDirectory()
    await using server = await serveNetworkService(directory.socket('s').address, {}, { mostConnections: 2 })
    const path = server.address.slice('unix://'.length)
    const sockets: Socket[] = []
    for (let index = 0; index < 3; index += 1) {
      const socket = connect(path).on('error', () => undefined)
      await once(socket, 'connect')
      sockets.push(socket)
    }
    const [, , third] = sockets
    if (third?.closed === false) await once(third.resume(), 'close')
    expect(sockets.map(({ closed }) => closed)).toEqual([false, false, true])
    for (const socket of sockets) socket.destroy()
  })

  it('is 64 MiB of messages that have begun and not ended', async () => {
    using directory = socketDirectory()
    await using server = await serveNetworkService(directory.socket('s').address)
    const path = server.address.slice('unix://'.length)
    const socket = connect(path)
    await once(socket, 'connect')
    const connection = new Connection(socket)
    const size = 15 * 1024 * 1024
    const begun = Buffer.concat([Buffer.of(0, 0, 0, 0, 0), Buffer.alloc(size)])
    begun.writeUInt32BE(size + 1, 1)
    const answers = Array.from({ length: 6 }, () => {
      const answer = Promise.withResolvers<Fields>()
      const listener = { fields: answer.resolve, data() {}, end() {}, closed() {} }
      connection.open(requestHead, listener)?.send(begun)
      return answer.promise
    })
    expect((await Promise.race(answers)).get('grpc-message')).toContain('large messages')
    connection.cut()
    await connection.closed
  })
})

describe('a hoard', () => {
  it('tells the one that makes it too many, and has room again when that one has gone', () => {
    const hoard = new Hoard(100)
    const [one, two] = [hoard.share(), hoard.share()]
    expect(one.keep(60)).toBe('fine')
    expect(two.keep(40)).toBe('fine')
    expect(two.keep(41)).toBe('too many')
    two[Symbol.dispose]()
    expect(one.keep(100)).toBe('fine')
    expect(one.keep(0)).toBe('fine')
  })
})
