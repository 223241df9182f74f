import { create } from '@bufbuild/protobuf'
import type { Connections } from '#manager/connections.ts'
import type { Events } from '#manager/events.ts'
import { externalMechanism, externalOf } from '#manager/external-network.ts'
import { type Holding, hold, holdToEnd } from '#manager/hold.ts'
import { hopTo } from '#manager/hop.ts'
import type { Hop, HopOptions } from '#manager/next-hop.ts'
import { extendPath } from '#manager/path.ts'
import type { Peers } from '#manager/peers.ts'
import { chosen, type ManagerRequest, type ManagerStep, podName, type Wired } from '#manager/request.ts'
import { tunnelText, withMtu } from '#manager/tunnel-mechanism.ts'
import type { EndpointRecord } from '#registry/registry.ts'
import { ipContextOf } from '#sdk/elements/endpoint-step.ts'
import { type Connection, State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { ConnectionContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { checkAnswer } from './check-answer.ts'
import { refusalOf } from './refusal.ts'

/** What asking an endpoint depends on. */
export interface EndpointOptions extends HopOptions {
  readonly connections: Connections
  readonly events: Events
  readonly peers: Peers
  /** Milliseconds that an endpoint may take to answer, and a third of what another manager may. */
  readonly timeoutMs: number
}

/** Milliseconds that an endpoint may take to hear that a connection has ended. */
const closeMs = 3000

/**
 * Asks the chosen endpoint, or the manager of its node, and adopts the addresses and routes of its answer. Whoever was
 * asked is told when the connection does not come about, goes to another endpoint, or ends.
 */
export function endpoint(options: EndpointOptions): ManagerStep {
  return {
    name: 'endpoint',
    async request(input, call, next) {
      const record = chosen(input.endpoint, 'endpoint')
      using _ = isElsewhere(record, options) ? options.peers.asking(record, input.id) : undefined
      const had = options.connections.get(input.id)
      const connection = wish(input, record, had)
      // Before asking: one that was asked and whose answer was lost has to be told as well.
      const goodbye = farewell(connection, record, options)
      const before = had === undefined ? undefined : farewell(had.connection, had.endpoint, options)
      await hold(call.scope, goodbye, before?.key === goodbye.key ? 'before' : 'now')
      const network = externalOf(record)
      const asked =
        network === undefined
          ? await ask({ ...input, connection }, call.signal, options)
          : // Nobody is asked: the forwarder gives the addresses.
            { connection, destination: { ...connection, mechanism: externalMechanism(network) } }
      const wired = await next({ ...input, ...asked }, call)
      const mtu = wired.connection.context?.MTU ?? 0
      // Our forwarder knows of a narrower way than the nodes have agreed on: the other end must not send more.
      if (isElsewhere(record, options) && mtu !== (asked.connection.context?.MTU ?? 0))
        await ask({ ...input, connection: withMtu(connection, mtu) }, call.signal, options)
      if (before !== undefined && before.key !== goodbye.key) {
        await holdToEnd(call.scope, before)
        await call.scope.release(before.key)
      }
      return wired
    },
    async close(wired, call, next) {
      await holdToEnd(call.scope, farewell(wired.connection, wired.endpoint, options))
      await next(wired, call)
    },
  }
}

/** What is said to the endpoint: the request with the addresses that it gave before, so that they stay. */
function wish(
  { connection }: ManagerRequest,
  { endpoint: { name } }: EndpointRecord,
  had: Wired | undefined,
): Connection {
  const context = connection.context ?? create(ConnectionContextSchema)
  const ipContext = ipContextOf(connection)
  const before = had?.endpoint.endpoint.name === name ? had.connection.context?.ipContext : undefined
  const addresses =
    before === undefined || ipContext.srcIpAddrs.length + ipContext.dstIpAddrs.length > 0
      ? {}
      : { srcIpAddrs: before.srcIpAddrs, dstIpAddrs: before.dstIpAddrs }
  return {
    ...connection,
    networkServiceEndpointName: name,
    state: State.UP,
    context: { ...context, ipContext: { ...ipContext, ...addresses } },
  }
}

async function ask(
  input: ManagerRequest,
  signal: AbortSignal,
  options: EndpointOptions,
): Promise<Required<Pick<ManagerRequest, 'connection' | 'destination'>>> {
  const record = chosen(input.endpoint, 'endpoint')
  const { connection } = input
  const { name } = record.endpoint
  try {
    const hop = hopTo(record, options)
    options.events.tell({ step: 'endpoint-requested', object: name, text: question(hop, record) }, input)
    const request = { connection, mechanismPreferences: [...hop.offer(input)] }
    // Another manager may have to wait for its forwarder, and then for its endpoint.
    const timeoutMs = hop.kind === 'endpoint' ? options.timeoutMs : options.timeoutMs * 3
    const answer = await hop.service.request(request, { signal, timeoutMs })
    checkAnswer(name, answer, connection)
    const mechanism = hop.mechanismOf(answer, input)
    const step = hop.kind === 'endpoint' ? 'endpoint-accepted' : 'remote-replied'
    options.events.tell({ step, object: name, text: acceptance(record, answer, hop) }, input)
    const answered = { ...connection, ...(answer.context === undefined ? {} : { context: answer.context }) }
    // An endpoint that knows nothing of MTUs does not lift the one that was asked for.
    const agreed = extendPath(withMtu(answered, connection.context?.MTU ?? 0), answer)
    return { connection: agreed, destination: { ...agreed, mechanism } }
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const failure = refusalOf(name, thrown)
    const isLost = failure.code === 'ENDPOINT_LOST'
    options.events.tell(
      { step: isLost ? 'endpoint-lost' : 'endpoint-refused', object: name, text: failure.message },
      input,
    )
    throw failure
  }
}

/**
 * The goodbye of a connection. An endpoint that is gone, or that is a network, needs none; another manager that
 * does not answer is told later.
 */
function farewell(connection: Connection, record: EndpointRecord, options: EndpointOptions): Holding {
  return {
    key: keyOf(record, options),
    release: async () => {
      if (externalOf(record) !== undefined) return
      using _ = isElsewhere(record, options) ? options.peers.asking(record, connection.id) : undefined
      try {
        const now = isElsewhere(record, options) ? await options.peers.current(record) : record
        await hopTo(now, options).service.close(connection, { timeoutMs: closeMs })
      } catch (thrown) {
        if (refusalOf(record.endpoint.name, thrown).code !== 'ENDPOINT_LOST') throw thrown
        if (isElsewhere(record, options)) options.peers.owe(record.node)
      }
    },
  }
}

/** Names what a scope owns of whom it asked. Another manager has one connection of an id, whichever endpoint it is to. */
function keyOf(record: EndpointRecord, options: EndpointOptions): string {
  return isElsewhere(record, options) ? `manager ${record.node}` : `endpoint ${record.endpoint.name}`
}

/** Whether an endpoint lives on another node. */
function isElsewhere({ node }: EndpointRecord, options: EndpointOptions): boolean {
  return node !== options.node
}

function question(hop: Hop, { pod, node }: EndpointRecord): string {
  return hop.kind === 'endpoint'
    ? `asks ${podName(pod)} for a connection`
    : `asks the manager of node ${node}, where ${podName(pod)} runs`
}

function acceptance({ pod, node }: EndpointRecord, { context, mechanism }: Connection, hop: Hop): string {
  const { srcIpAddrs = [], dstIpAddrs = [] } = context?.ipContext ?? {}
  const addresses =
    srcIpAddrs.length === 0
      ? 'without addresses'
      : `${srcIpAddrs.join(', ')} for the client, ${dstIpAddrs.join(', ')} for itself`
  const accepted = `${podName(pod)} accepts: ${addresses}`
  return hop.kind === 'endpoint'
    ? accepted
    : `the manager of node ${node} answers: ${accepted}; ${mechanism === undefined ? 'no tunnel' : tunnelText(mechanism)}`
}
