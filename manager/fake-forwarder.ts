/** For tests: a forwarder that keeps cross connects in a map. */
import { join } from 'node:path'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { Watchers } from '#registry/watchers.ts'
import { NsmError } from '#sdk/errors.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { serve } from '#sdk/rpc/serve.ts'
import { type MechanismSchema, State } from '#sdk/wire/gen/connection/connection_pb.ts'
import {
  type CrossConnect,
  type CrossConnectEvent,
  CrossConnectEventType,
  MonitorCrossConnect,
} from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { type ForeignTunnelSchema, Forwarder, Underlay } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import {
  type ExternalNetworkSchema,
  ForwarderRegistration,
} from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { mechanismClass, mechanismType } from '#sdk/wire/mechanism.ts'
import { numbersOf } from './tunnel-numbers.ts'

/** What a forwarder is made with. */
export interface FakeForwarderOptions {
  readonly name?: string
  /** What it has wired already. */
  readonly wired?: Map<string, CrossConnect>
  /** What it can reach other nodes by; default VXLAN without parameters. */
  readonly remote?: readonly MessageInitShape<typeof MechanismSchema>[]
  /** What it can attach pods by; default kernel interfaces. */
  readonly local?: readonly MessageInitShape<typeof MechanismSchema>[]
  readonly networks?: readonly MessageInitShape<typeof ExternalNetworkSchema>[]
  readonly labels?: Record<string, string>
  /** What else receives VXLAN on the node; absent, it does not tell, as forwarders of others. */
  readonly foreignTunnels?: readonly MessageInitShape<typeof ForeignTunnelSchema>[]
}

/** A forwarder and what it was asked. */
export interface FakeForwarder extends AsyncDisposable {
  readonly name: string
  /** What is wired now. */
  readonly wired: Map<string, CrossConnect>
  readonly asked: CrossConnect[]
  readonly closed: string[]
  /** Thrown by the next requests, while it is set. */
  failure: Error | undefined
  /** Changes what is answered, while it is set. */
  answer: ((crossConnect: CrossConnect) => CrossConnect) | undefined
  /** VXLAN identifiers that something else on the node uses. */
  readonly foreign: Set<number>
  /** Says that the pod at one end, or the links, are gone. */
  lose(id: string, ends: 'source' | 'destination' | 'both'): void
  /** Says once more that a cross connect of this id was deleted, its client being gone. */
  repeatDeletion(id: string): void
}

/** Serves a forwarder and registers it. */
export async function fakeForwarder(
  baseDir: string,
  {
    name = 'fake',
    wired = new Map(),
    remote = [{ cls: mechanismClass.remote, type: mechanismType.vxlan }],
    local = [{ cls: mechanismClass.local, type: mechanismType.kernel }],
    networks = [],
    labels = {},
    foreignTunnels,
  }: FakeForwarderOptions = {},
): Promise<FakeForwarder> {
  const path = join(baseDir, `${name}.sock`)
  const news = new Watchers<CrossConnectEvent>()
  const tell = (type: CrossConnectEventType, crossConnect: CrossConnect): void =>
    news.tell({
      $typeName: 'crossconnect.CrossConnectEvent',
      type,
      crossConnects: { [crossConnect.id]: crossConnect },
      metrics: {},
    })
  const own: FakeForwarder = {
    name,
    wired,
    asked: [],
    closed: [],
    failure: undefined,
    answer: undefined,
    foreign: new Set(),
    lose(id, ends) {
      const found = wired.get(id)
      if (found?.source === undefined || found.destination === undefined)
        throw new Error(`${id} is not wired`)
      const down = (end: 'source' | 'destination') =>
        ends === end || ends === 'both' ? State.DOWN : State.UP
      tell(CrossConnectEventType.UPDATE, {
        ...found,
        source: { ...found.source, state: down('source') },
        destination: { ...found.destination, state: down('destination') },
      })
    },
    repeatDeletion(id) {
      const found = wired.get(id)
      if (found?.source === undefined) throw new Error(`${id} is not wired`)
      tell(CrossConnectEventType.DELETE, { ...found, source: { ...found.source, state: State.DOWN } })
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await living
      await channel[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
  const server = await serve({
    address: `unix://${path}`,
    peerOf: () => undefined,
    services: [
      implement<typeof Forwarder, undefined>(Forwarder, {
        async request(crossConnect) {
          own.asked.push(crossConnect)
          if (own.failure !== undefined) throw own.failure
          refuseUsed(crossConnect, own)
          const made = own.answer?.(crossConnect) ?? crossConnect
          wired.set(crossConnect.id, made)
          tell(CrossConnectEventType.UPDATE, made)
          return made
        },
        async close(crossConnect) {
          own.closed.push(crossConnect.id)
          if (wired.delete(crossConnect.id)) tell(CrossConnectEventType.DELETE, crossConnect)
          return {}
        },
      }),
      implement<typeof MonitorCrossConnect, undefined>(MonitorCrossConnect, {
        async *monitorCrossConnects(_, { signal }) {
          const changes = news.watch(signal)
          yield {
            type: CrossConnectEventType.INITIAL_STATE_TRANSFER,
            crossConnects: Object.fromEntries(wired),
          }
          yield* changes
        },
      }),
      ...(foreignTunnels === undefined
        ? []
        : [
            implement<typeof Underlay, undefined>(Underlay, {
              foreignTunnels: async () => ({ tunnels: [...foreignTunnels] }),
            }),
          ]),
    ],
  })
  const stop = new AbortController()
  const channel = dial(`unix://${join(baseDir, 'nsm.forwarder-registrar.io.sock')}`)
  const registrar = channel.client(ForwarderRegistration)
  await registrar.requestForwarderRegistration({
    forwarderName: name,
    forwarderSocket: path,
    mechanisms: {
      localMechanisms: [...local],
      remoteMechanisms: [...remote],
    },
    externalNetworks: [...networks],
    labels,
  })
  const living = (async () => {
    try {
      for await (const _ of registrar.requestLiveness(beat(stop.signal), { signal: stop.signal }));
    } catch {
      // The test has ended the forwarder or the manager.
    }
  })()
  return own
}

async function* beat(signal: AbortSignal): AsyncGenerator<Record<string, never>> {
  yield {}
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** What the kernel does: one VXLAN device per identifier. */
function refuseUsed(crossConnect: CrossConnect, { wired, foreign }: FakeForwarder): void {
  const vni = numbersOf({ crossConnect }).vni
  if (vni === undefined) return
  const isUsed = [...wired.values()].some(
    other => other.id !== crossConnect.id && numbersOf({ crossConnect: other }).vni === vni,
  )
  if (isUsed || foreign.has(vni)) throw new NsmError('VNI_IN_USE', `VXLAN identifier ${vni} is in use`)
}
