import type { EndpointRecord, Registry } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Address } from '#sdk/rpc/types.ts'
import {
  type ConnectionEvent,
  ConnectionEventType,
  MonitorConnection,
  State,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { pause } from '#sdk/workspace/pause.ts'
import type { Agent } from './agent.ts'
import type { Channels } from './channels.ts'
import type { Connections } from './connections.ts'
import type { Events } from './events.ts'
import { endpointName } from './external-network.ts'

/** What watching the endpoints of this node depends on. */
export interface EndpointWatchOptions {
  readonly registry: Registry
  readonly connections: Connections
  readonly channels: Channels
  readonly agent: Agent
  readonly events: Events
  readonly log: Log
  readonly clientSocket: (workspace: string) => Address
}

/** Milliseconds that an endpoint may be away before it is dialled once more and, without an answer, withdrawn. */
const graceMs = 1000

/** Milliseconds that the monitor of a living endpoint may take to say its first word. */
const answerMs = 2000

/** Watches the endpoints of this node by their monitors: whose stream breaks and stays broken is withdrawn. */
export class EndpointWatch implements AsyncDisposable {
  readonly #options: EndpointWatchOptions
  readonly #following = new Map<string, AbortController>()

  constructor(options: EndpointWatchOptions) {
    this.#options = options
  }

  /** Follows an endpoint that has registered; what it lost while it was away is made again. */
  async follow(record: EndpointRecord): Promise<void> {
    const { channels, clientSocket, connections, agent } = this.#options
    const { name } = record.endpoint
    this.#following.get(name)?.abort()
    const stop = new AbortController()
    this.#following.set(name, stop)
    // A channel that has met a closed socket waits before it tries again.
    await channels.drop(clientSocket(record.workspace))
    void this.#follow(record, stop.signal)
    const down = connections.ofEndpoint(name).filter(({ connection }) => connection.state === State.DOWN)
    // In the background: a forwarder may have to come first.
    void agent.again(down, `endpoint ${name} has come back`)
  }

  /** Takes an endpoint out of the registry. Its connections are as the caller says. */
  async withdraw(record: EndpointRecord, why: string): Promise<void> {
    const { endpoint, workspace, pod } = record
    const { name } = endpoint
    const { registry, channels, events, clientSocket, log } = this.#options
    this.#following.get(name)?.abort()
    this.#following.delete(name)
    const removed = await registry.endpoints.remove(name)
    if (removed === undefined) return
    events.tell({
      step: 'endpoint-removed',
      object: name,
      text: `${endpointName(record)} offers it no longer: ${why}`,
      pod,
    })
    log.info({ endpoint: name }, `endpoint ${name} is withdrawn: ${why}`)
    await channels.drop(clientSocket(workspace))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#following.values()) stop.abort()
    this.#following.clear()
  }

  async #follow(record: EndpointRecord, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      const outcome = await this.#listen(record, signal)
      if (outcome === 'unsupported' || signal.aborted) return
      failures = outcome === 'heard' ? 1 : failures + 1
      if (failures > 1) return await this.#lost(record)
      await pause(graceMs, signal)
    }
  }

  /** Listens until the stream ends; says whether the endpoint was there at all. */
  async #listen(record: EndpointRecord, signal: AbortSignal): Promise<'heard' | 'silent' | 'unsupported'> {
    const { channels, clientSocket, log } = this.#options
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(new NsmError('DEADLINE', 'it says nothing')), answerMs)
    let heard = false
    try {
      const monitor = channels.get(clientSocket(record.workspace)).client(MonitorConnection)
      const until = AbortSignal.any([signal, silence.signal])
      for await (const event of monitor.monitorConnections({}, { signal: until })) {
        clearTimeout(timer)
        heard = true
        this.#heard(record, event)
      }
    } catch (thrown) {
      const { code, message } = NsmError.from(thrown)
      if (code === 'UNSUPPORTED') return 'unsupported'
      if (!signal.aborted)
        log.info({ endpoint: record.endpoint.name, reason: message }, 'the monitor of an endpoint ended')
    } finally {
      clearTimeout(timer)
    }
    return heard ? 'heard' : 'silent'
  }

  /** A connection that the endpoint has ended itself is ended. */
  #heard({ endpoint: { name } }: EndpointRecord, { type, connections: told }: ConnectionEvent): void {
    if (type !== ConnectionEventType.DELETE) return
    const { connections, agent } = this.#options
    const ended = Object.keys(told).flatMap(id => connections.get(id) ?? [])
    void agent.close(
      ended.filter(({ endpoint }) => endpoint.endpoint.name === name),
      `endpoint ${name} has ended it`,
    )
  }

  async #lost(record: EndpointRecord): Promise<void> {
    const { connections, agent } = this.#options
    const { name } = record.endpoint
    await this.withdraw(record, 'it does not answer')
    agent.down(connections.ofEndpoint(name), `endpoint ${name} does not answer`)
  }
}
