import {
  type Connection,
  type ConnectionEvent,
  ConnectionEventType,
  State,
} from '#sdk/wire/gen/connection/connection_pb.ts'
import { parameter } from '#sdk/wire/mechanism.ts'
import type { Agent } from './agent.ts'
import type { Connections } from './connections.ts'
import type { Wired } from './request.ts'

/** What acting on another manager's news depends on. */
export interface PeerHearingOptions {
  /** The name of this node. */
  readonly node: string
  readonly peer: string
  readonly connections: Connections
  readonly agent: Agent
  /** Whether the other manager is being asked about a connection right now: its news tells nothing new then. */
  readonly isBusy: (id: string) => boolean
}

/**
 * Acts on what the manager of another node tells of the connections that end there.
 *
 * | what it says | what becomes of the connection |
 * |---|---|
 * | it is not in its first list | it was lost there: made again |
 * | it is in its first list, and ends here no more | the other manager is told again that it has ended |
 * | down | marked as down |
 * | up, after it was down; or through another tunnel | made again, which adopts what has changed |
 * | deleted | its endpoint has gone: moved to another endpoint, or closed |
 */
export class PeerHearing {
  readonly #options: PeerHearingOptions
  readonly #told = new Map<string, Connection>()

  constructor(options: PeerHearingOptions) {
    this.#options = options
  }

  /** Takes in one event; returns the connections that the other manager still has and should close. */
  hear({ type, connections: told }: ConnectionEvent): readonly Connection[] {
    const { peer, agent } = this.#options
    const news = Object.fromEntries(
      Object.entries(told).filter(([, connection]) => this.#isAsker(connection)),
    )
    const own = new Map(
      Object.keys(news)
        .flatMap(id => this.#own(id))
        .map(wired => [wired.id, wired]),
    )
    if (type === ConnectionEventType.DELETE) {
      const ended = Object.keys(news).flatMap(id => own.get(id) ?? [])
      for (const id of Object.keys(news)) this.#told.delete(id)
      void agent.move(ended, `node ${peer} has ended it`)
      return []
    }
    const isFirst = type === ConnectionEventType.INITIAL_STATE_TRANSFER
    if (isFirst) this.#told.clear()
    this.#changed(Object.entries(news), own, isFirst ? 'first' : 'later')
    if (!isFirst) return []
    const all = this.#options.connections.list().flatMap(({ id }) => this.#own(id))
    void agent.again(
      all.filter(({ id }) => news[id] === undefined),
      `node ${peer} had lost it`,
    )
    return this.#orphans(news)
  }

  #changed(
    news: readonly (readonly [string, Connection])[],
    own: ReadonlyMap<string, Wired>,
    when: 'first' | 'later',
  ): void {
    const { peer, agent } = this.#options
    const known = news.flatMap(([id, told]) => {
      const wired = own.get(id)
      return wired === undefined ? [] : [{ wired, told, before: this.#told.get(id) }]
    })
    for (const [id, told] of news) this.#told.set(id, told)
    const down = known.filter(({ told }) => told.state === State.DOWN)
    agent.down(
      down.map(({ wired }) => wired),
      `node ${peer} says that it is down`,
    )
    // Only what has changed since the last word: a repetition that fails here must not lead to the next one.
    const cameUp = known.filter(
      ({ wired, told, before }) =>
        told.state !== State.DOWN &&
        wired.connection.state === State.DOWN &&
        (when === 'first' || before?.state === State.DOWN),
    )
    const rerouted = known.filter(
      ({ wired, told, before }) =>
        told.state !== State.DOWN &&
        !sameTunnel(told, wired.crossConnect.destination) &&
        (before === undefined || !sameTunnel(told, before)),
    )
    const again = new Set([...cameUp, ...rerouted].map(({ wired }) => wired))
    void agent.again([...again], `node ${peer} has made it again`)
  }

  /** The connection of an id, if it ends on that node and nobody asks about it at the moment. */
  #own(id: string): readonly Wired[] {
    const { connections, peer, isBusy } = this.#options
    const wired = connections.get(id)
    return wired?.endpoint.node === peer && !isBusy(id) ? [wired] : []
  }

  /** Whether it was this node that asked; without TLS the others' connections are told as well. */
  #isAsker({ path }: Connection): boolean {
    return path?.pathSegments[1]?.name === this.#options.node
  }

  #orphans(news: Readonly<Record<string, Connection>>): readonly Connection[] {
    const { connections, peer, isBusy } = this.#options
    const isElsewhere = (id: string): boolean => {
      const wired = connections.get(id)
      return wired === undefined ? connections.isOrphan(id) : wired.endpoint.node !== peer
    }
    return Object.values(news).filter(({ id }) => !isBusy(id) && isElsewhere(id))
  }
}

function sameTunnel({ mechanism: a }: Connection, other: Connection | undefined): boolean {
  const b = other?.mechanism
  if (a === undefined || b === undefined) return a === b
  return a.type === b.type && ofTheOther.every(key => a.parameters[key] === b.parameters[key])
}

/** What the other node says of a tunnel. */
const ofTheOther = [parameter.vni, parameter.dstIp, parameter.dstPort, parameter.dstPublicKey] as const
