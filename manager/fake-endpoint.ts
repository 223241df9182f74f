/** For tests: an endpoint in a pod that gives out addresses and remembers what it was asked. */
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { ipContextOf } from '#sdk/elements/endpoint-step.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { type Server, serve } from '#sdk/rpc/serve.ts'
import {
  type Connection,
  ConnectionEventType,
  MechanismSchema,
  MonitorConnection,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { ConnectionContextSchema, RouteSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { mechanismClass, mechanismType, parameter } from '#sdk/wire/mechanism.ts'
import type { TestNode, TestPod } from './fixture.ts'

/** What an endpoint is made with. */
export interface FakeEndpointOptions {
  readonly service: string
  readonly name?: string
  readonly labels?: Record<string, string>
  /** Begin of the addresses that it gives out. */
  readonly subnet?: string
}

/** An endpoint and what it was asked. */
export interface FakeEndpoint extends AsyncDisposable {
  readonly name: string
  readonly asked: Connection[]
  readonly closed: string[]
  /** Keeps who closes waiting, while it is set. */
  closing: Promise<void> | undefined
  /** Replaces the answer, while it is set. */
  behaviour: ((connection: Connection) => Promise<Connection>) | undefined
}

/** Serves an endpoint in a pod's workspace and registers it. */
export async function fakeEndpoint(
  node: TestNode,
  pod: Pick<TestPod, 'workspace' | 'endpoints'>,
  { service, name = '', labels = {}, subnet = '10.0.0' }: FakeEndpointOptions,
): Promise<FakeEndpoint> {
  const path = join(node.baseDir, pod.workspace, 'nsm.client.io.sock')
  const numbers = new Map<string, number>()
  const asked: Connection[] = []
  const closed: string[] = []
  const answer = (connection: Connection): Connection => {
    const number = numbers.get(connection.id) ?? numbers.size
    numbers.set(connection.id, number)
    const context = create(ConnectionContextSchema, {
      ipContext: {
        ...ipContextOf(connection),
        srcIpAddrs: [`${subnet}.${number * 4 + 1}/30`],
        dstIpAddrs: [`${subnet}.${number * 4 + 2}/30`],
        srcRoutes: [create(RouteSchema, { prefix: `${subnet}.0/24` })],
      },
    })
    const mechanism = create(MechanismSchema, {
      cls: mechanismClass.local,
      type: mechanismType.kernel,
      parameters: { [parameter.name]: `e${connection.id.slice(0, 10)}` },
    })
    return { ...connection, context, mechanism }
  }
  const own: Pick<FakeEndpoint, 'behaviour' | 'closing'> = { behaviour: undefined, closing: undefined }
  const server: Server = await serve({
    address: `unix://${path}`,
    mode: 0o666,
    peerOf: () => undefined,
    services: [
      implement<typeof NetworkService, undefined>(NetworkService, {
        async request({ connection }) {
          if (connection === undefined) throw new Error('no connection')
          asked.push(connection)
          return own.behaviour === undefined ? answer(connection) : await own.behaviour(connection)
        },
        async close({ id }) {
          closed.push(id)
          await own.closing
          return {}
        },
      }),
      implement<typeof MonitorConnection, undefined>(MonitorConnection, {
        async *monitorConnections(_, { signal }) {
          yield { type: ConnectionEventType.INITIAL_STATE_TRANSFER }
          await new Promise<void>(resolve =>
            signal.addEventListener('abort', () => resolve(), { once: true }),
          )
        },
      }),
    ],
  })
  const registered = await pod.endpoints.register({
    name,
    networkServiceNames: [service],
    networkServiceLabels: { [service]: { labels } },
  })
  return {
    name: registered.name,
    asked,
    closed,
    get closing() {
      return own.closing
    },
    set closing(closing) {
      own.closing = closing
    },
    get behaviour() {
      return own.behaviour
    },
    set behaviour(behaviour) {
      own.behaviour = behaviour
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
