import type { EndpointRecord, Registry } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Channel } from '#sdk/rpc/dial.ts'
import { type Connection, MonitorConnection, State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import type { Agent } from './agent.ts'
import type { Channels } from './channels.ts'
import type { Connections } from './connections.ts'
import type { Kept, PeerRow } from './journal.ts'
import { PeerHearing } from './peer-hearing.ts'
import { addressOf } from './remote-manager.ts'
import type { Wired } from './request.ts'

/** What watching the managers of other nodes depends on. */
export interface PeersOptions {
  readonly node: string
  readonly registry: Registry
  readonly connections: Connections
  readonly channels: Channels
  /** Asked for when it is needed, because the agent needs the chain, and the chain this. */
  readonly agent: () => Agent
  readonly peers: Kept<PeerRow>
  readonly log: Log
}

/** Milliseconds that another manager may take to close what we have forgotten. */
const closeMs = 3000

/** Milliseconds that a manager is watched on after its last connection, because the next one may come soon. */
const lingerMs = 30_000

/** Milliseconds that a manager without connections of ours is tried when it does not answer: then its node is gone. */
const goneMs = 3_600_000

/** Between two attempts to reach a manager, in milliseconds. */
const pauses = { first: 100, most: 15_000 } as const

interface Peer {
  readonly node: string
  readonly stop: AbortController
  /** Ids that the manager is being asked about. */
  readonly busy: Map<string, number>
  /** Breaks the stream, so that it begins with a list again. */
  restart: AbortController
  /** Ends the wait for the next attempt. */
  moved: AbortController
  /** Where it was sought last. */
  url: string
  /** Whether the two managers have compared their lists since a close failed. */
  settled: 'yes' | 'no'
  reachable: 'yes' | 'no'
  linger: NodeJS.Timeout | undefined
}

/**
 * The managers of the nodes that connections of this one end on, one stream to each. A row of the journal says which
 * they are; it goes when no connection ends there, and both lists agree: so a close that did not reach the other node is
 * made up for, after a restart as well.
 */
export class Peers implements AsyncDisposable {
  readonly #options: PeersOptions
  readonly #peers = new Map<string, Peer>()
  readonly #stop = new AbortController()

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** Watches those of the journal, and which endpoints of other nodes leave the registry. */
  resume(): void {
    for (const { id } of this.#options.peers.all()) this.#follow(id)
    void this.#watchRegistry()
  }

  /** Says that the manager of an endpoint's node is asked about a connection, until disposed. */
  asking({ node, endpoint }: EndpointRecord, id: string): Disposable {
    if (!this.#peers.has(node)) this.#options.peers.put({ id: node, url: endpoint.url })
    const peer = this.#follow(node)
    peer.busy.set(id, (peer.busy.get(id) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        const left = (peer.busy.get(id) ?? 1) - 1
        if (left > 0) peer.busy.set(id, left)
        else peer.busy.delete(id)
        this.#rest(peer)
      },
    }
  }

  /** An endpoint of another node with the address that its manager has now. */
  async current(record: EndpointRecord): Promise<EndpointRecord> {
    const url = await this.#urlOf(record.node)
    return url === '' ? record : { ...record, endpoint: { ...record.endpoint, url } }
  }

  /** A close did not reach the manager of a node: both lists are compared as soon as it answers. */
  owe(node: string): void {
    const peer = this.#follow(node)
    peer.settled = 'no'
    peer.restart.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    for (const { stop, linger } of this.#peers.values()) {
      stop.abort()
      clearTimeout(linger)
    }
    this.#peers.clear()
  }

  #follow(node: string): Peer {
    const known = this.#peers.get(node)
    if (known !== undefined) return known
    const peer: Peer = {
      node,
      stop: new AbortController(),
      busy: new Map(),
      restart: new AbortController(),
      moved: new AbortController(),
      url: '',
      settled: 'no',
      reachable: 'no',
      linger: undefined,
    }
    // What still ends while this manager does is made up for by its successor, who has the row of the journal.
    if (this.#stop.signal.aborted) peer.stop.abort()
    else this.#peers.set(node, peer)
    void this.#keep(peer)
    return peer
  }

  async #keep(peer: Peer): Promise<void> {
    const { log } = this.#options
    let failures = 0
    let lastWord = Date.now()
    while (!peer.stop.signal.aborted) {
      peer.restart = new AbortController()
      const signal = AbortSignal.any([peer.stop.signal, peer.restart.signal])
      try {
        await this.#listen(peer, signal, () => {
          failures = 0
          lastWord = Date.now()
        })
      } catch (thrown) {
        const { message } = NsmError.from(thrown)
        if (!signal.aborted && failures === 0)
          log.info({ node: peer.node, reason: message }, `the manager of node ${peer.node} cannot be watched`)
      }
      peer.reachable = 'no'
      if (peer.stop.signal.aborted) return
      failures += 1
      if (!this.#isInUse(peer) && Date.now() - lastWord > goneMs) this.#leave(peer, 'its node is gone')
      await pause(backoff(failures, pauses), AbortSignal.any([peer.stop.signal, peer.moved.signal]))
    }
  }

  async #listen(peer: Peer, signal: AbortSignal, heard: () => void): Promise<void> {
    const { connections, agent, node } = this.#options
    const channel = await this.#channelTo(peer)
    const hearing = new PeerHearing({
      node,
      peer: peer.node,
      connections,
      agent: agent(),
      isBusy: id => peer.busy.has(id),
    })
    const selector = { pathSegments: [{ name: node }] }
    for await (const event of channel.client(MonitorConnection).monitorConnections(selector, { signal })) {
      heard()
      await this.#close(channel, peer, hearing.hear(event))
      if (peer.reachable === 'no') peer.settled = 'yes'
      peer.reachable = 'yes'
      this.#rest(peer)
    }
  }

  /** Ends on the other node what has ended here. */
  async #close(channel: Channel, { node }: Peer, orphans: readonly Connection[]): Promise<void> {
    for (const orphan of orphans) {
      await channel.client(NetworkService).close(orphan, { timeoutMs: closeMs })
      this.#options.log.info({ id: orphan.id, node }, `closed connection ${orphan.id} on node ${node}, late`)
    }
  }

  async #channelTo(peer: Peer): Promise<Channel> {
    const { channels } = this.#options
    const { node } = peer
    const url = await this.#urlOf(node)
    const [address, before] = [addressOf(url), addressOf(peer.url)]
    if (address === undefined)
      throw new NsmError('MANAGER_UNAVAILABLE', `nobody knows where the manager of node ${node} is`)
    if (before !== undefined && before !== address) await channels.dropRemote(before, node)
    peer.url = url
    return channels.remote(address, node)
  }

  /** Where the manager of a node is now; it may have come back at another address than it had. */
  async #urlOf(node: string): Promise<string> {
    const { registry, connections, peers } = this.#options
    const records = [
      ...(await registry.endpoints.list()),
      ...connections.list().map(({ endpoint }) => endpoint),
    ].filter(record => record.node === node)
    const urls = [
      ...records.map(({ endpoint }) => endpoint.url),
      peers.all().find(({ id }) => id === node)?.url ?? '',
    ]
    return urls.find(url => addressOf(url) !== undefined) ?? ''
  }

  /** Stops watching a manager some time after there is nothing left to watch. */
  #rest(peer: Peer): void {
    clearTimeout(peer.linger)
    peer.linger = setTimeout(() => {
      if (!this.#isInUse(peer) && peer.settled === 'yes') this.#leave(peer, 'no connection ends there')
    }, lingerMs)
    peer.linger.unref()
  }

  #isInUse({ node, busy }: Peer): boolean {
    return busy.size > 0 || this.#options.connections.list().some(({ endpoint }) => endpoint.node === node)
  }

  #leave(peer: Peer, why: string): void {
    peer.stop.abort()
    clearTimeout(peer.linger)
    this.#peers.delete(peer.node)
    this.#options.peers.remove(peer.node)
    this.#options.log.info(
      { node: peer.node },
      `the manager of node ${peer.node} is watched no longer: ${why}`,
    )
  }

  /**
   * An endpoint that leaves the registry while its manager is silent has gone with its node: its connections go to
   * others, or are down. One that comes may serve those that are down because nobody could.
   */
  async #watchRegistry(): Promise<void> {
    const { registry, node, connections, agent } = this.#options
    for await (const { record, deleted } of registry.endpoints.watch(this.#stop.signal)) {
      if (!deleted) {
        this.#moved(record)
        void agent().again(this.#downFor(record), `endpoint ${record.endpoint.name} has come`)
      } else if (record.node !== node && this.#peers.get(record.node)?.reachable === 'no') {
        void agent().again(connections.ofEndpoint(record.endpoint.name), `node ${record.node} is gone`)
      }
    }
  }

  /** A manager that came back elsewhere is asked at once, and found there after a restart of this one. */
  #moved({ node, endpoint: { url } }: EndpointRecord): void {
    const peer = this.#peers.get(node)
    if (peer === undefined || url === '' || url === peer.url) return
    this.#options.peers.put({ id: node, url })
    peer.moved.abort()
    peer.moved = new AbortController()
    if (peer.reachable === 'yes') peer.restart.abort()
  }

  /** The connections to other nodes that are down and ask for what an endpoint offers. */
  #downFor({ endpoint: { networkServiceNames } }: EndpointRecord): readonly Wired[] {
    const { node, connections } = this.#options
    return connections
      .list()
      .filter(
        ({ connection: { state, networkService }, endpoint }) =>
          state === State.DOWN && endpoint.node !== node && networkServiceNames.includes(networkService),
      )
  }
}
