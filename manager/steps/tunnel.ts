import type { Connections } from '#manager/connections.ts'
import type { Events } from '#manager/events.ts'
import { callerName, chosen, type ManagerRequest, type ManagerStep, type Wired } from '#manager/request.ts'
import {
  agreement,
  carriersOf,
  mtuOf,
  preferredFirst,
  withMtu,
  withNumbers,
} from '#manager/tunnel-mechanism.ts'
import { numbersOf, type TunnelBook, type TunnelNumbers, vniIn } from '#manager/tunnel-numbers.ts'
import type { Call, Handler } from '#sdk/chain/step.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Mechanism } from '#sdk/wire/gen/connection/connection_pb.ts'
import { mechanismType, parameter } from '#sdk/wire/mechanism.ts'

/** What agreeing on a tunnel depends on. */
export interface TunnelOptions {
  readonly node: string
  readonly book: TunnelBook
  readonly connections: Connections
  readonly events: Events
  /** A mechanism type that goes before all others where both nodes have it; empty for none. */
  readonly preferredMechanism: string
}

/** How many identifiers are tried: of 16 million, a node uses some thousands. */
const most = 8

/**
 * Agrees with the other node on the tunnel between them.
 *
 * | who asks | what this step does |
 * |---|---|
 * | a pod, for an endpoint of this node | nothing |
 * | a pod, for an endpoint of another node | proposes a VXLAN identifier, and another one while a forwarder says VNI_IN_USE |
 * | another manager | takes its proposal if it is free here too, else another; adds its own half |
 *
 * A refresh keeps the identifier.
 */
export function tunnel(options: TunnelOptions): ManagerStep {
  return {
    name: 'tunnel',
    async request(input, call, next) {
      if (input.caller.kind === 'manager') return await next(answering(input, options), call)
      if (chosen(input.endpoint, 'endpoint').node === options.node) return await next(input, call)
      return await asking(input, call, { ...options, next })
    },
  }
}

/** Asks until an identifier is free on both nodes. */
async function asking(
  input: ManagerRequest,
  call: Call,
  { book, connections, events, next }: TunnelOptions & { readonly next: Handler<ManagerRequest, Wired> },
): Promise<Wired> {
  const { id, forwarder } = input
  const had = numbersOf(connections.get(id))
  const needsPort = forwarder?.remote.some(({ type }) => type === mechanismType.wireguard) === true
  const port = needsPort ? (had.port ?? book.ports.propose(id)) : undefined
  let vni = had.vni ?? book.vnis.propose(id)
  for (let tries = 1; ; tries += 1) {
    const mark = call.scope.mark()
    try {
      return await next({ ...input, numbers: { vni, port } }, call)
    } catch (cause) {
      const { code, message } = NsmError.from(cause)
      if (code !== 'VNI_IN_USE' || call.signal.aborted) throw cause
      if (tries === most)
        throw new NsmError(
          'ENDPOINT_REFUSED',
          `${most} VXLAN identifiers in a row are in use, the last: ${message}; set NSM_VXLAN_PORT to a port that nobody else uses`,
          { cause },
        )
      events.tell(
        { step: 'tunnel-refused', object: vni.toString(), text: `asks for another: ${message}` },
        input,
      )
      await call.scope.rollback(mark)
      vni = book.vnis.propose(id)
    }
  }
}

/** The request of another manager with the tunnel that it gets: the best of its mechanisms that we have as well. */
function answering(input: ManagerRequest, options: TunnelOptions): ManagerRequest {
  const { connection, preferences, caller } = input
  const { remote, name } = chosen(input.forwarder, 'forwarder')
  const offers = preferredFirst(carriersOf(preferences, connection.payload), options.preferredMechanism)
  for (const asked of offers) {
    const own = remote.find(({ type }) => type === asked.type)
    if (own === undefined) continue
    const agreed = agreement(asked, own)
    const source = withNumbers(agreed, numbersFor(input.id, agreed, options), parameter.dstPort)
    return { ...input, source, connection: withMtu(connection, mtuOf(source)) }
  }
  throw new NsmError(
    'UNSUPPORTED',
    `connecting ${callerName(caller)}: forwarder ${name} of node ${options.node} has none of the mechanisms between nodes that it offers for the payload ${connection.payload || 'IP'} (${offers.map(({ type }) => type).join(', ') || 'none'})`,
  )
}

/**
 * The identifier that was proposed, if it is free here, else another; the port is ours to say. What a connection has
 * stays where nothing speaks against it.
 */
function numbersFor(
  id: string,
  { type, parameters }: Mechanism,
  { book: { vnis, ports }, connections }: TunnelOptions,
): TunnelNumbers {
  const had = numbersOf(connections.get(id))
  if (type === mechanismType.wireguard) return { port: had.port ?? ports.propose(id) }
  if (type !== mechanismType.vxlan) return {}
  const wanted = vniIn(parameters)
  if (wanted === undefined) return { vni: had.vni ?? vnis.propose(id) }
  return { vni: vnis.claim(id, wanted) === 'claimed' ? wanted : vnis.propose(id) }
}
