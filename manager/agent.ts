import type { Endpoint } from '#sdk/chain/begin.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { Connections } from './connections.ts'
import type { Events } from './events.ts'
import { endpointName } from './external-network.ts'
import type { Monitor } from './monitor.ts'
import type { ManagerRequest, Wired } from './request.ts'

/** What acting for clients depends on. */
export interface AgentOptions {
  readonly chain: Endpoint<ManagerRequest, Wired>
  readonly connections: Connections
  readonly monitor: Monitor
  readonly events: Events
  readonly log: Log
}

/** Milliseconds that a connection may take to end or to be made again when nobody waits for it. */
const patienceMs = 30_000

/** Acts for clients that have exited or cannot know: ends, marks and repeats their connections. */
export class Agent {
  readonly #options: AgentOptions

  constructor(options: AgentOptions) {
    this.#options = options
  }

  /** Ends connections side by side; what goes wrong is logged, because nobody waits for it. */
  async close(connections: readonly Wired[], why: string): Promise<void> {
    const { chain, log } = this.#options
    await Promise.all(
      connections.map(async ({ id }) => {
        try {
          await chain.close(id, AbortSignal.timeout(patienceMs))
          log.info({ id }, `closed connection ${id}: ${why}`)
        } catch (thrown) {
          log.warn(
            { id, reason: NsmError.from(thrown).message },
            `closing connection ${id} failed in part: ${why}`,
          )
        }
      }),
    )
  }

  /** Says of connections that nothing may pass through them now. */
  down(wired: readonly Wired[], why: string): void {
    const { connections, monitor, events } = this.#options
    for (const one of wired) {
      if (one.connection.state === State.DOWN) continue
      const changed = { ...one, connection: { ...one.connection, state: State.DOWN } }
      connections.put(changed)
      monitor.updated(changed)
      const { id, connection, caller } = one
      const subject = { id, connection, caller, attempt: events.attemptOf(id) }
      events.tell({ step: 'connection-down', object: one.id, text: why }, subject)
    }
  }

  /** Gives connections another endpoint. One for which there is none is closed. */
  async move(wired: readonly Wired[], why: string): Promise<void> {
    const { chain, log } = this.#options
    await Promise.all(
      wired.map(async one => {
        try {
          const { endpoint } = await chain.again(one.id, AbortSignal.timeout(patienceMs), elsewhere)
          log.info({ id: one.id }, `moved connection ${one.id} to ${endpointName(endpoint)}: ${why}`)
        } catch (thrown) {
          const { code, message } = NsmError.from(thrown)
          if (code === 'NOT_FOUND' || code === 'CANCELLED') return
          await this.close([one], `${why}, and nobody takes its place: ${message}`)
        }
      }),
    )
  }

  /** Makes connections again as they were asked for. One that cannot be stays marked as down. */
  async again(wired: readonly Wired[], why: string): Promise<void> {
    const { chain, log } = this.#options
    await Promise.all(
      wired.map(async ({ id }) => {
        try {
          await chain.again(id, AbortSignal.timeout(patienceMs), askedByAgent)
          log.info({ id }, `made connection ${id} again: ${why}`)
        } catch (thrown) {
          const { code, message } = NsmError.from(thrown)
          if (code === 'NOT_FOUND' || code === 'CANCELLED') return
          log.warn({ id, reason: message }, `connection ${id} could not be made again: ${why}`)
          this.down(
            this.#options.connections.get(id) === undefined ? [] : wired.filter(one => one.id === id),
            message,
          )
        }
      }),
    )
  }
}

function askedByAgent({ without: _without, ...input }: ManagerRequest): ManagerRequest {
  return { ...input, asker: 'agent', started: performance.now() }
}

/** The request for any other endpoint, less what the former one has answered, where it is made of an answer. */
function elsewhere(input: ManagerRequest, { endpoint }: Wired): ManagerRequest {
  const anew = { ...askedByAgent(input), without: endpoint.endpoint.name }
  const { connection } = input
  const ipContext = connection.context?.ipContext
  if (connection.context === undefined || ipContext === undefined || ipContext.srcIpAddrs.length === 0)
    return anew
  const blank = {
    ...ipContext,
    srcIpAddrs: [],
    dstIpAddrs: [],
    srcRoutes: [],
    dstRoutes: [],
    policies: [],
    extraPrefixes: [],
  }
  return { ...anew, connection: { ...connection, context: { ...connection.context, ipContext: blank } } }
}
