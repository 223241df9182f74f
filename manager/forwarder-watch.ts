import { timestampMs } from '@bufbuild/protobuf/wkt'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Channel } from '#sdk/rpc/dial.ts'
import { crossConnectMetric } from '#sdk/wire/cross-connect-metric.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import {
  type CrossConnect,
  type CrossConnectEvent,
  CrossConnectEventType,
  MonitorCrossConnect,
} from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { Agent } from './agent.ts'
import type { Connections } from './connections.ts'
import type { Forwarder } from './forwarders.ts'
import type { Mending } from './mending.ts'
import type { OwedRemovals } from './owed-removals.ts'
import type { Wired } from './request.ts'

/** What watching forwarders depends on. */
export interface ForwarderWatchOptions {
  readonly agent: Agent
  readonly connections: Connections
  readonly mending: Mending
  readonly owed: OwedRemovals
  readonly log: Log
}

/** Milliseconds that a forwarder may take to say what it has wired, and to remove what is of no use. */
const settleMs = 5000

/** Watches what forwarders see of their cross connects. */
export class ForwarderWatch {
  readonly #options: ForwarderWatchOptions

  constructor(options: ForwarderWatchOptions) {
    this.#options = options
  }

  /**
   * Has a forwarder remove what no connection owns any more, because it was away when that ended, and then lets it `enter`
   * service, in one turn with a last look. Fails with FORWARDER_UNAVAILABLE when it does not answer.
   */
  async settle(forwarder: Forwarder, channel: Channel, enter: () => void): Promise<void> {
    const { connections, owed } = this.#options
    const { name } = forwarder
    const left = new Map((await this.#present(name, channel)).map(each => [each.id, each]))
    const orphan = (): CrossConnect | undefined =>
      [...left.values()].find(({ id }) => connections.isOrphan(id) || owed.has(name, id))
    for (let next = orphan(); next !== undefined; next = orphan()) {
      left.delete(next.id)
      await this.#remove(forwarder, next)
    }
    enter()
  }

  async #remove({ name, client }: Forwarder, orphan: CrossConnect): Promise<void> {
    const { owed, log } = this.#options
    const subject = { forwarder: name, id: orphan.id }
    try {
      await client.close(orphan, { timeoutMs: settleMs })
      owed.settle(name, orphan.id)
      log.info(subject, `removed the links of ${orphan.id}, which has ended meanwhile`)
    } catch (thrown) {
      const reason = NsmError.from(thrown).message
      log.warn({ ...subject, reason }, `the links of ${orphan.id}, which has ended, stay`)
    }
  }

  /** Follows a forwarder until disposed; `onEnd` is called when it ends the stream itself. */
  follow(forwarder: Forwarder, channel: Channel, onEnd: () => void): Disposable {
    const stop = new AbortController()
    void this.#listen(forwarder, channel, stop.signal).then(outcome =>
      outcome === 'ended' && !stop.signal.aborted ? onEnd() : undefined,
    )
    return { [Symbol.dispose]: () => stop.abort() }
  }

  /** Marks the connections of a forwarder that has gone: their links stay, but nobody looks after them. */
  gone({ name }: Forwarder): void {
    this.#options.agent.down(this.#of(name), `forwarder ${name} is gone`)
  }

  /** What a forwarder has wired now; nothing when it cannot tell. */
  async #present(name: string, channel: Channel): Promise<readonly CrossConnect[]> {
    try {
      const events = channel.client(MonitorCrossConnect).monitorCrossConnects({}, { timeoutMs: settleMs })
      for await (const { crossConnects } of events) return Object.values(crossConnects)
      return []
    } catch (thrown) {
      const { code, message } = NsmError.from(thrown)
      if (code === 'UNSUPPORTED') return []
      throw new NsmError(
        'FORWARDER_UNAVAILABLE',
        `registering forwarder ${name}: it does not say what it has wired: ${message}`,
        { cause: thrown },
      )
    }
  }

  async #listen(
    forwarder: Forwarder,
    channel: Channel,
    signal: AbortSignal,
  ): Promise<'ended' | 'unsupported'> {
    try {
      for await (const event of channel.client(MonitorCrossConnect).monitorCrossConnects({}, { signal }))
        this.#heard(forwarder, event)
    } catch (thrown) {
      const { code, message } = NsmError.from(thrown)
      if (signal.aborted) return 'ended'
      this.#options.log.warn(
        { forwarder: forwarder.name, reason: message },
        'the cross connects of a forwarder cannot be watched',
      )
      if (code === 'UNSUPPORTED') return 'unsupported'
    }
    return 'ended'
  }

  /**
   * | what the forwarder says | what becomes of the connection |
   * |---|---|
   * | the client's end is down, or it is deleted | its pod has gone: it is closed, and the endpoint told |
   * | a connection just made is deleted | the word may be late and mean its predecessor: it is made again |
   * | the endpoint's end is down | its pod has gone: it is moved to another endpoint, or closed |
   * | both ends are down | the links of living pods were deleted, or carry nothing: it is down, and made again, by and by less often |
   * | both are up after that, and stay so | it is made again at once |
   * | missing in what it knows at its start | it is made again |
   */
  #heard({ name }: Forwarder, { type, crossConnects, metrics }: CrossConnectEvent): void {
    const { agent, mending } = this.#options
    const sights = new Map(Object.entries(crossConnects).map(([id, one]) => [id, sightOf(one)]))
    const own = this.#of(name)
    if (type === CrossConnectEventType.DELETE) return this.#deleted(own.filter(({ id }) => sights.has(id)))
    const seen = (wanted: Sight | undefined): readonly Wired[] =>
      own.filter(({ id }) => sights.get(id) === wanted)
    void agent.close(seen('no-client'), 'the pod of its client is gone')
    void agent.move(seen('no-endpoint'), 'the pod of its endpoint is gone')
    for (const wired of seen('unwired')) {
      const why = metrics[wired.id]?.metrics[crossConnectMetric.reason] ?? 'its links had been deleted'
      agent.down([wired], why)
      mending.broken(wired, why)
    }
    if (type !== CrossConnectEventType.INITIAL_STATE_TRANSFER) {
      for (const wired of seen('wired')) mending.whole(wired)
      return
    }
    const wronglyDown = seen('wired').filter(({ connection }) => connection.state === State.DOWN)
    void agent.again([...seen(undefined), ...wronglyDown], `forwarder ${name} has come back`)
  }

  #deleted(wired: readonly Wired[]): void {
    const { agent } = this.#options
    const { young = [], old = [] } = Object.groupBy(wired, one => (isYoung(one) ? 'young' : 'old'))
    void agent.again(young, 'its links had been deleted')
    void agent.close(old, 'the pod of its client is gone')
  }

  #of(name: string): readonly Wired[] {
    return this.#options.connections.list().filter(({ forwarder }) => forwarder === name)
  }
}

/** Milliseconds that the word of a deletion may be late. */
const lateMs = 2000

function isYoung({ created }: Wired): boolean {
  return Date.now() - timestampMs(created) < lateMs
}

type Sight = 'wired' | 'no-client' | 'no-endpoint' | 'unwired'

function sightOf({ source, destination }: CrossConnect): Sight {
  const [client, endpoint] = [source?.state === State.DOWN, destination?.state === State.DOWN]
  if (client && endpoint) return 'unwired'
  if (client) return 'no-client'
  return endpoint ? 'no-endpoint' : 'wired'
}
