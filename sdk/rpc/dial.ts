import type { DescService } from '@bufbuild/protobuf'
import { credentials, Client as GrpcClient } from '@grpc/grpc-js'
import { NsmError } from '#sdk/errors.ts'
import { parseAddress, type Target } from './address.ts'
import { bidiCaller, serverStreamCaller, unaryCaller } from './call.ts'
import { messageLimit } from './codec.ts'
import type { Line } from './line.ts'
import { type SupportedMethod, supported } from './method.ts'
import type { Address, Client } from './types.ts'

/** A connection to a server that is made when it is first used, and again when it was lost. */
export interface Channel extends AsyncDisposable {
  /** A typed client of one service. A stream's call begins when its first item is asked for. */
  client<S extends DescService>(service: S): Client<S>
}

/** Names a server. Nothing is connected yet; throws BAD_CONFIG for a malformed address. Disposing cancels running calls. */
export function dial(address: Address): Channel {
  const target = parseAddress(address)
  const grpc = new GrpcClient(grpcTarget(target), credentials.createInsecure(), {
    'grpc.enable_channelz': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': messageLimit,
    'grpc.max_send_message_length': messageLimit,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
  })
  const closing = new AbortController()
  const line: Line = { address, target, grpc, closed: closing.signal }
  return {
    client: service => clientOf(line, service),
    [Symbol.asyncDispose]: async () => {
      closing.abort(new NsmError('CANCELLED', `the channel to ${address} was closed`))
      grpc.close()
    },
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

/** The target in grpc-js' own notation; its `unix:` resolver passes an abstract name on as it is. */
function grpcTarget(target: Target): string {
  return target.kind === 'tcp'
    ? `dns:${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
    : `unix:${target.path}`
}
