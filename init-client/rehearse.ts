import { type Duplex, duplexPair } from 'node:stream'
import { isMessage } from '@bufbuild/protobuf'
import { readConfig } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import { Connection } from '#sdk/http2/connection.ts'
import type { ByteStream } from '#sdk/http2/wire.ts'
import { silent } from '#sdk/log.ts'
import { accepting } from '#sdk/rpc/accept.ts'
import { unaryCaller } from '#sdk/rpc/call.ts'
import { Calls } from '#sdk/rpc/calls.ts'
import { handling } from '#sdk/rpc/handle.ts'
import { Hoard } from '#sdk/rpc/hoard.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { Line } from '#sdk/rpc/line.ts'
import { ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { config } from './config.ts'
import { connect } from './connect.ts'
import type { Manager } from './manager.ts'
import { planOf } from './plan.ts'
import { Progress } from './progress.ts'
import { resultOf } from './subject.ts'

/**
 * Connects once to a manager that exists in memory only, so that V8 compiles what a run needs before the snapshot is
 * taken; it takes two thirds off the time of the first request. Neither sockets nor `AbortSignal.any` can be part of a
 * snapshot, so the steps of `connectAll` are taken one by one.
 */
export async function rehearse(): Promise<void> {
  const { requests } = planOf(readConfig(config, rehearsal))
  const { signal } = new AbortController()
  const [near, far] = duplexPair()
  try {
    void new Connection(lasting(far), accepting(host(), undefined))
    using line = new Line('unix:///rehearsal', () => {
      queueMicrotask(() => near.emit('connect'))
      return lasting(near)
    })
    using progress = new Progress(requests, () => {})
    for (const request of requests) {
      const connection = await connect(request, {
        manager: managerOver(line),
        attemptMs: 1000,
        signal,
        onRetry() {},
      })
      resultOf(request, connection)
      progress.ended(request)
    }
  } finally {
    near.destroy()
    far.destroy()
  }
}

const rehearsal = {
  NS_NETWORKSERVICEMESH_IO: 'rehearsal/nsm0?app=web',
  POD_NAME: 'rehearsal',
  WORKSPACE: '/rehearsal',
}

/** What an answer usually says, so that its reading is compiled. */
const context = {
  ipContext: {
    srcIpAddrs: ['10.60.1.1/30'],
    dstIpAddrs: ['10.60.1.2/30'],
    srcRoutes: [{ prefix: '10.60.0.0/16', nextHop: '10.60.1.2' }],
    dstRoutes: [{ prefix: '10.60.1.1/32' }],
  },
  mtu: 1500,
}

function host() {
  const { methods } = implement<typeof NetworkService, undefined>(NetworkService, {
    request: ({ connection: { id, networkService, labels } = {} }) =>
      Promise.resolve({ id: id ?? '', networkService: networkService ?? '', labels: labels ?? {}, context }),
    close: () => Promise.resolve({}),
  })
  const handlings = methods.map(method => handling(method))
  return {
    handlings: new Map(handlings.map(each => [each.path, each])),
    calls: new Calls(),
    hoard: new Hoard(),
    log: silent,
  }
}

function managerOver(line: Line): Manager {
  const request = unaryCaller(line, NetworkService.method.request)
  return {
    request: async (input, options) => {
      const answer = await request(input, options)
      if (isMessage(answer, ConnectionSchema)) return answer
      throw new NsmError('INTERNAL', 'the rehearsal of a request: its answer is no connection')
    },
    close: () => Promise.resolve(),
  }
}

/** Streams in memory keep no process alive. */
function lasting(stream: Duplex): ByteStream {
  return Object.assign(stream, { ref: () => stream, unref: () => stream })
}
