import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import type { TestServer } from './server.contract.ts'

/** A connection on which a test writes what no HTTP client would. */
export async function rawConnection({ url, ca }: TestServer): Promise<TLSSocket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), ca, ALPNProtocols: ['http/1.1'] })
  socket.on('error', ignore)
  await once(socket, 'secureConnect')
  return socket
}

/** A connection without TLS. */
export async function plainConnection({ url }: TestServer): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connectTcp({ host: hostname, port: Number(port) })
  socket.on('error', ignore)
  await once(socket, 'connect')
  return socket
}

/** All that the server says until it closes the connection. */
export function untilClosed(socket: Socket): Promise<string> {
  return text(socket).catch(String)
}

/** The headers of a POST to `/mutate`, up to those that are given. */
export function head(...more: readonly string[]): string {
  return ['POST /mutate HTTP/1.1', 'host: a', 'content-type: application/json', ...more, '', ''].join('\r\n')
}

function ignore(): void {}
