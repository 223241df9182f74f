import { create } from '@bufbuild/protobuf'
import { timestampNow } from '@bufbuild/protobuf/wkt'
import type { Connections } from '#manager/connections.ts'
import type { Events } from '#manager/events.ts'
import { externalOf } from '#manager/external-network.ts'
import type { Forwarder, Forwarders } from '#manager/forwarders.ts'
import { type Holding, hold, holdToEnd } from '#manager/hold.ts'
import { callerName, chosen, type ManagerRequest, podName, type Wired } from '#manager/request.ts'
import { answerTo, sourceMechanism } from '#manager/source-mechanism.ts'
import { mtuOf, withMtu } from '#manager/tunnel-mechanism.ts'
import { service } from '#sdk/chain/chain.ts'
import type { Call, Service } from '#sdk/chain/step.ts'
import { ipContextOf } from '#sdk/elements/endpoint-step.ts'
import { NsmError } from '#sdk/errors.ts'
import { type Connection, ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { type CrossConnect, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { parameter } from '#sdk/wire/mechanism.ts'
import { checkAnswer } from './check-answer.ts'

/** What making a cross connect depends on. */
export interface CrossConnectOptions {
  readonly forwarders: Forwarders
  readonly connections: Connections
  readonly events: Events
  /** Milliseconds that a forwarder may take. */
  readonly timeoutMs: number
}

/** Milliseconds that a forwarder may take to remove links. */
const closeMs = 4000

/**
 * The end of the chain: has the forwarder join the two ends, and adopts what it changed of the context. A refusal goes
 * to the client as the forwarder said it.
 */
export function crossConnect(options: CrossConnectOptions): Service<ManagerRequest, Wired> {
  return service({
    async request(input, call) {
      const forwarder = chosen(input.forwarder, 'forwarder')
      const asked = build(input, options.connections)
      const had = options.connections.get(input.id)
      await leaveOther(forwarder.name, had, { call, options })
      const since = had?.forwarder === forwarder.name ? 'before' : 'now'
      await hold(call.scope, removal(asked, forwarder.name, options), since)
      const made = await request(forwarder, asked, { signal: call.signal, timeoutMs: options.timeoutMs })
      options.forwarders.owed.settle(forwarder.name, input.id)
      checkNetwork(input, made)
      tellInterfaces(input, made, options.events)
      return {
        id: input.id,
        caller: input.caller,
        connection: answerTo(input, made),
        crossConnect: made,
        endpoint: chosen(input.endpoint, 'endpoint'),
        forwarder: forwarder.name,
        created: timestampNow(),
        setupMicros: 0n,
      }
    },
    async close(wired, call) {
      await holdToEnd(call.scope, removal(wired.crossConnect, wired.forwarder, options))
    },
  })
}

/** Two forwarders cannot have one interface, so the former one removes it before the next one is asked. */
async function leaveOther(
  name: string,
  had: Wired | undefined,
  { call, options }: { readonly call: Call; readonly options: CrossConnectOptions },
): Promise<void> {
  if (had === undefined || had.forwarder === name) return
  await holdToEnd(call.scope, removal(had.crossConnect, had.forwarder, options))
  await call.scope.release(keyOf(had.forwarder))
}

/** The addresses of an external network come from the forwarder, and the network has none of its own to tell. */
function checkNetwork({ endpoint, connection }: ManagerRequest, { source }: CrossConnect): void {
  if (endpoint === undefined || source === undefined || externalOf(endpoint) === undefined) return
  const ipContext = { ...ipContextOf(connection), dstIpRequired: false }
  checkAnswer(endpoint.endpoint.name, source, create(ConnectionSchema, { context: { ipContext } }))
}

/** Names what a scope owns of a forwarder. */
function keyOf(forwarder: string): string {
  return `cross connect of ${forwarder}`
}

function build(input: ManagerRequest, connections: Connections): CrossConnect {
  const { id, connection } = input
  const [mechanism, destination] = [
    sourceMechanism(input, connections),
    chosen(input.destination, 'destination'),
  ]
  const fitting = (end: Connection): Connection =>
    withMtu(end, mtuOf(mechanism), mtuOf(destination.mechanism))
  return create(CrossConnectSchema, {
    id,
    payload: connection.payload,
    source: fitting({ ...connection, mechanism }),
    destination: fitting(destination),
  })
}

async function request(
  { client, name }: Forwarder,
  asked: CrossConnect,
  limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<CrossConnect> {
  try {
    const made = await client.request(asked, limits)
    return {
      ...asked,
      source: made.source ?? asked.source,
      destination: made.destination ?? asked.destination,
    }
  } catch (thrown) {
    const { code, message } = NsmError.from(thrown)
    if (code !== 'SOCKET_MISSING' && code !== 'MANAGER_UNAVAILABLE') throw thrown
    throw new NsmError('FORWARDER_UNAVAILABLE', `forwarder ${name} does not answer: ${message}`, {
      cause: thrown,
    })
  }
}

/** The removal of the links. A forwarder that is gone finds on its return that nobody wants them. */
function removal(made: CrossConnect, name: string, { forwarders }: CrossConnectOptions): Holding {
  return {
    key: keyOf(name),
    release: async () => {
      // Until it has answered: it may be gone, and come back before the journal has forgotten the connection.
      forwarders.owed.owe(name, made.id)
      const forwarder = forwarders.get(name)
      if (forwarder === undefined) return
      await forwarder.client.close(made, { timeoutMs: closeMs })
      forwarders.owed.settle(name, made.id)
    },
  }
}

function tellInterfaces(input: ManagerRequest, made: CrossConnect, events: Events): void {
  const { endpoint, caller } = input
  const isPod = endpoint !== undefined && externalOf(endpoint) === undefined
  if (isPod && made.destination?.mechanism?.cls !== 'REMOTE') {
    events.tell(interfaceMade('endpoint-interface', made.destination, podName(endpoint.pod)), input)
  }
  if (caller.kind === 'pod')
    events.tell(interfaceMade('client-interface', made.source, callerName(caller)), input)
}

function interfaceMade(
  step: 'endpoint-interface' | 'client-interface',
  end: Connection | undefined,
  pod: string,
) {
  const name = end?.mechanism?.parameters[parameter.name] ?? ''
  const { srcIpAddrs = [], dstIpAddrs = [], srcRoutes = [], dstRoutes = [] } = end?.context?.ipContext ?? {}
  const [addresses, routes] = step === 'client-interface' ? [srcIpAddrs, srcRoutes] : [dstIpAddrs, dstRoutes]
  const withRoutes =
    routes.length === 0 ? '' : ` and routes to ${routes.map(({ prefix }) => prefix).join(', ')}`
  const text = `puts ${name} into ${pod}${addresses.length === 0 ? '' : ` with ${addresses.join(', ')}`}${withRoutes}`
  return { step, object: name, text, program: 'forwarder' } as const
}
