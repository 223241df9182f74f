import type { DescService } from '@bufbuild/protobuf'
import { bidiCaller, serverStreamCaller, unaryCaller } from './call.ts'
import { type Connect, Line } from './line.ts'
import { type SupportedMethod, supported } from './method.ts'
import type { Address, Client } from './types.ts'

/** A connection to a server that is made when it is first used, and again when it was lost. */
export interface Channel extends AsyncDisposable {
  /** A typed client of one service. A stream's call begins when its first item is asked for. */
  client<S extends DescService>(service: S): Client<S>
}

/** How to reach a server. */
export interface DialOptions {
  /** Opens each socket; default: one without TLS. */
  readonly connect?: Connect
}

/** Names a server. Nothing is connected yet; throws BAD_CONFIG for a malformed address. Disposing cancels running calls. */
export function dial(address: Address, { connect }: DialOptions = {}): Channel {
  const line = new Line(address, connect)
  return {
    client: service => clientOf(line, service),
    [Symbol.asyncDispose]: async () => line[Symbol.dispose](),
  }
}

function clientOf<S extends DescService>(line: Line, service: S): Client<S> {
  const callers = service.methods.map(method => [method.localName, callerOf(line, supported(method))])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `Client` pairs callers and methods, a loop cannot tell
  return Object.fromEntries(callers) as Client<S>
}

function callerOf(line: Line, method: SupportedMethod) {
  switch (method.methodKind) {
    case 'unary':
      return unaryCaller(line, method)
    case 'server_streaming':
      return serverStreamCaller(line, method)
    default:
      return bidiCaller(line, method)
  }
}
