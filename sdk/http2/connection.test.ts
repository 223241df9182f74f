import { once } from 'node:events'
import { createServer as createHttp2Server, connect as http2Connect } from 'node:http2'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Connection } from './connection.ts'
import { frameFlag, frameHead, frameType, preface } from './frame.ts'
import { encodeFields, type Fields } from './hpack.ts'
import type { Closure, Stream } from './stream.ts'

const request = encodeFields([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/x'],
  [':authority', 'localhost'],
])
const ok = encodeFields([[':status', '200']])
const done = encodeFields([['outcome', 'fine']])

describe('a connection of ours', () => {
  it.each([0, 1, 16_384, 16_385, 300_000, 5_000_000])(
    'carries %i bytes to a server of node:http2 and back',
    async size => {
      await using server = await listening(
        createHttp2Server().on('stream', stream => {
          stream.respond({ ':status': 200 }, { waitForTrailers: true })
          stream.on('wantTrailers', () => stream.sendTrailers({ outcome: 'fine' }))
          stream.pipe(stream)
        }),
      )
      const connection = await connected(server.port)
      expect(await exchange(connection, Buffer.alloc(size, 7))).toMatchObject({
        size,
        fields: { ':status': '200', outcome: 'fine' },
      })
      connection.cut()
    },
  )

  it.each([0, 1, 16_384, 16_385, 300_000, 5_000_000])(
    'carries %i bytes from a client of node:http2 and back, and again',
    async size => {
      await using server = await echoServer()
      const session = http2Connect(`http://127.0.0.1:${server.port}`)
      for (let turn = 0; turn < 2; turn++) {
        const stream = session.request({ ':method': 'POST', ':path': '/x', again: 'the same field' })
        const trailers = once(stream, 'trailers')
        stream.end(Buffer.alloc(size, 'a'))
        expect((await text(stream)).length).toBe(size)
        expect((await trailers)[0]).toMatchObject({ outcome: 'fine' })
      }
      session.close()
    },
  )

  it('carries many streams at once', async () => {
    await using server = await echoServer()
    const connection = await connected(server.port)
    const sizes = Array.from({ length: 200 }, (_, index) => index * 500)
    const answers = await Promise.all(sizes.map(size => exchange(connection, Buffer.alloc(size))))
    expect(answers.map(({ size }) => size)).toEqual(sizes)
    connection.cut()
  })

  it('finishes what is open when it leaves, and takes nothing more', async () => {
    const streams: Stream[] = []
    await using server = await accepting((stream, connection) => {
      streams.push(stream)
      connection.leave()
    })
    const connection = await connected(server.port)
    const asked = exchange(connection, Buffer.alloc(0))
    await until(() => !connection.usable)
    expect(connection.open(request, silent)).toBeUndefined()
    for (const stream of streams) {
      stream.sendFields(ok)
      stream.end(done)
    }
    expect((await asked).fields).toMatchObject({ outcome: 'fine' })
    await connection.closed
  })

  it('tells its streams that the connection is lost', async () => {
    await using server = await accepting((_, connection) => connection.cut())
    const connection = await connected(server.port)
    await expect(exchange(connection, Buffer.alloc(0))).rejects.toMatchObject({ kind: 'lost' })
  })

  it('sends no more than the other side lets it', async () => {
    const came: number[] = []
    const held: Stream[] = []
    await using server = await accepting(stream => {
      held.push(stream)
      return bytes => void came.push(bytes.length)
    })
    const connection = await connected(server.port)
    const stream = connection.open(request, silent)
    stream?.send(Buffer.alloc(1_000_000))
    const sum = () => came.reduce((all, one) => all + one, 0)
    await until(() => sum() === 256 * 1024)
    held[0]?.taken(256 * 1024)
    await until(() => sum() === 512 * 1024)
    await connection.ping()
    expect(sum()).toBe(512 * 1024)
    connection.cut()
  })
})

describe('a server of ours', () => {
  const settings = frame({ type: frameType.settings })
  const open = (id: number): Buffer =>
    frame({ type: frameType.headers, flags: frameFlag.endHeaders, stream: id, payload: request })
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const abuses: readonly { readonly name: string; readonly bytes: () => Buffer; readonly code: number }[] = [
    { name: 'is no client of HTTP/2', bytes: () => Buffer.from('GET / HTTP/1.1\r\n\r\n'), code: 1 },
    {
      name: 'sends a frame that is too large',
      bytes: () => started(frameHead({ type: 0, flags: 0, stream: 1 }, 16_385)),
      code: 6,
    },
    { name: 'sends data without a stream', bytes: () => started(frame({ stream: 5 })), code: 1 },
    {
      name: 'goes on with a header block that has not begun',
      bytes: () => started(frame({ type: frameType.continuation, stream: 1 })),
      code: 1,
    },
    {
      name: 'interrupts a header block',
      bytes: () => started(frame({ type: frameType.headers, stream: 1, payload: request }), settings),
      code: 1,
    },
    {
      name: 'never ends a header block',
      bytes: () =>
        started(
          frame({ type: frameType.headers, stream: 1 }),
          ...Array.from({ length: 20 }, () => frame({ type: frameType.continuation, stream: 1 })),
        ),
      code: 11,
    },
    { name: 'opens an even stream', bytes: () => started(open(2)), code: 1 },
    {
      name: 'overflows a window',
      bytes: () => started(frame({ type: frameType.windowUpdate, payload: number(0x7fffffff) })),
      code: 3,
    },
    {
      name: 'widens a window by nothing',
      bytes: () => started(frame({ type: frameType.windowUpdate, payload: number(0) })),
      code: 1,
    },
    {
      name: 'sends more than it may',
      bytes: () =>
        started(
          open(1),
          ...Array.from({ length: 17 }, () => frame({ stream: 1, payload: Buffer.alloc(16_384) })),
        ),
      code: 3,
    },
    {
      name: 'opens and gives up without end',
      bytes: () =>
        started(
          ...Array.from({ length: 3_000 }, (_, at) =>
            Buffer.concat([
              open(at * 2 + 1),
              frame({ type: frameType.reset, stream: at * 2 + 1, payload: number(8) }),
            ]),
          ),
        ),
      code: 11,
    },
    {
      name: 'sends a settings frame that is cut short',
      bytes: () => started(frame({ type: frameType.settings, payload: Buffer.alloc(5) })),
      code: 6,
    },
    {
      name: 'pushes',
      bytes: () => started(frame({ type: frameType.pushPromise, stream: 1, payload: Buffer.alloc(4) })),
      code: 1,
    },
  ]
  it.each(abuses)('cuts off who $name', async ({ bytes, code }) => {
    await using server = await accepting(() => undefined)
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    const received: Buffer[] = []
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    socket.write(bytes())
    await new Promise(resolve => socket.once('close', resolve))
    const goAway = Buffer.concat(received)
    expect(goAway.readUInt32BE(goAway.length - 4)).toBe(code)
  })

  it('serves on whatever bytes others send', async () => {
    await using server = await echoServer()
    const anyFrame = fc
      .record({
        type: fc.integer({ min: 0, max: 10 }),
        flags: fc.nat(255),
        stream: fc.nat(8),
        payload: fc.uint8Array({ maxLength: 64 }).map(bytes => Buffer.from(bytes)),
      })
      .map(frame)
    await fc.assert(
      fc.asyncProperty(fc.array(anyFrame, { maxLength: 30 }), async frames => {
        const socket = connect(server.port, '127.0.0.1')
        socket.on('error', () => undefined)
        socket.resume()
        socket.end(started(open(1), ...frames))
        await new Promise(resolve => socket.once('close', resolve))
      }),
      { numRuns: 200 },
    )
    const connection = await connected(server.port)
    expect((await exchange(connection, Buffer.alloc(10))).size).toBe(10)
    connection.cut()
  })

  function started(...frames: readonly Buffer[]): Buffer {
    return Buffer.concat([preface, settings, ...frames])
  }
})

interface Loose {
  readonly type?: number
  readonly flags?: number
  readonly stream?: number
  readonly payload?: Buffer
}

function frame({ type = 0, flags = 0, stream = 0, payload = Buffer.alloc(0) }: Loose): Buffer {
  return Buffer.concat([frameHead({ type, flags, stream }, payload.length), payload])
}

const silent = { fields() {}, data() {}, end() {}, closed() {} }

type Listening = AsyncDisposable & { readonly port: number }

async function listening(server: Server | ReturnType<typeof createHttp2Server>): Promise<Listening> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: async () => void server.close() }
}

/** A server that tells of each stream; what is returned is given its bytes. */
function accepting(
  opened: (stream: Stream, connection: Connection) => ((bytes: Buffer) => void) | undefined | void,
): Promise<Listening> {
  return listening(
    createServer(socket => {
      socket.on('error', () => undefined)
      const connection: Connection = new Connection(socket, stream => {
        const data = opened(stream, connection) ?? (() => undefined)
        return { ...silent, data }
      })
    }),
  )
}

function echoServer(): Promise<Listening> {
  return listening(
    createServer((socket: Socket) => {
      socket.on('error', () => undefined)
      const connection = new Connection(socket, stream => {
        stream.sendFields(ok)
        return {
          fields() {},
          data(bytes) {
            stream.taken(bytes.length)
            stream.send(bytes)
          },
          end: () => stream.end(done),
          closed() {},
        }
      })
      void connection.closed
    }),
  )
}

async function connected(port: number): Promise<Connection> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return new Connection(socket)
}

/** Sends bytes and counts what comes back. */
function exchange(
  connection: Connection,
  bytes: Buffer,
): Promise<{ readonly size: number; readonly fields: Record<string, string> }> {
  return new Promise((resolve, reject) => {
    let size = 0
    let seen: Fields = new Map()
    const stream = connection.open(request, {
      fields: fields => void (seen = new Map([...seen, ...fields])),
      data(chunk) {
        size += chunk.length
        stream?.taken(chunk.length)
      },
      end: () => resolve({ size, fields: Object.fromEntries(seen) }),
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what the test looks at
      closed: (why: Closure) => reject(why),
    })
    if (bytes.length > 0) stream?.send(bytes)
    stream?.end()
  })
}

/** Lets other work run until the condition holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}
