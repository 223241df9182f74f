import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { peerOf } from './peer.ts'

test('peerOf() throws EOPNOTSUPP when the socket is a TCP socket', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address')
  const accepted = new Promise<Socket>(accept => server.once('connection', accept))
  const client = connect(address.port, '127.0.0.1')
  const socket = await accepted
  expect(() => peerOf(socket)).toThrow(/not a unix socket.*EOPNOTSUPP/)
  client.destroy()
  socket.destroy()
  expect(() => peerOf(socket)).toThrow(/closed socket.*ENOTCONN/)
  server.close()
})
