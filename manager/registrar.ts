import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { type Channel, dial } from '#sdk/rpc/dial.ts'
import type { Handlers } from '#sdk/rpc/types.ts'
import type { MechanismUpdate } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import {
  Forwarder as ForwarderService,
  MechanismsMonitor,
  Underlay,
} from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import type {
  ForwarderRegistration,
  ForwarderRegistrationRequest,
  ForwarderUnRegistration,
} from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { Statistics } from '#sdk/wire/gen/statistics/statistics_pb.ts'
import { checkNetworks, type ExternalNetworks } from './external-networks.ts'
import type { ForwarderWatch } from './forwarder-watch.ts'
import type { Forwarder, Forwarders } from './forwarders.ts'

/** One connection to the registrar's socket: what registers over it lives as long as its liveness stream. */
export interface RegistrarPeer {
  readonly connection: symbol
}

/** What registering forwarders depends on. */
export interface RegistrarOptions {
  readonly forwarders: Forwarders
  readonly watch: ForwarderWatch
  readonly networks: ExternalNetworks
  readonly log: Log
}

interface Registered {
  readonly forwarder: Forwarder
  readonly channel: Channel
  readonly watching: Disposable
  readonly connection: symbol
}

/** Milliseconds that a forwarder may take to name its mechanisms when its registration does not. */
const mechanismsMs = 5000

/** Takes forwarders into service and out of it. */
export class Registrar implements AsyncDisposable {
  readonly #options: RegistrarOptions
  readonly #registered = new Map<string, Registered>()

  constructor(options: RegistrarOptions) {
    this.#options = options
  }

  registration(): Handlers<typeof ForwarderRegistration, RegistrarPeer> {
    const leave = (connection: symbol): Promise<void> => this.#leave(entry => entry.connection === connection)
    return {
      requestForwarderRegistration: async (request, { peer }) => {
        await this.#enter(request, peer.connection)
        return { registered: true }
      },
      // Not only when the inputs end: of a caller that was killed they may stay silent for ever.
      async *requestLiveness(inputs, { peer, signal }) {
        const gone = (): void => void leave(peer.connection)
        signal.addEventListener('abort', gone, { once: true })
        try {
          yield* inputs
        } finally {
          signal.removeEventListener('abort', gone)
          gone()
        }
      },
    }
  }

  unregistration(): Handlers<typeof ForwarderUnRegistration, RegistrarPeer> {
    return {
      requestForwarderUnRegistration: async ({ forwarderName }) => {
        await this.#leave(({ forwarder }) => forwarder.name === forwarderName)
        return { unRegistered: true }
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#registered.values()]
    this.#registered.clear()
    await Promise.all(all.map(entry => this.#end(entry)))
  }

  async #enter(request: ForwarderRegistrationRequest, connection: symbol): Promise<void> {
    const { forwarders, watch, networks, log } = this.#options
    const { forwarderName: name, forwarderSocket, mechanisms, externalNetworks, labels } = request
    if (name === '' || !forwarderSocket.startsWith('/'))
      throw new NsmError(
        'BAD_INPUT',
        `registering forwarder ${JSON.stringify(name)}: it needs a name and the absolute path of its socket`,
      )
    checkNetworks(name, externalNetworks)
    await this.#leave(entry => entry.forwarder.name === name)
    await using undo = new AsyncDisposableStack()
    const channel = undo.use(dial(`unix://${forwarderSocket}`))
    const { localMechanisms: local, remoteMechanisms: remote } =
      mechanisms ?? (await firstMechanisms(channel, name))
    const forwarder = {
      name,
      client: channel.client(ForwarderService),
      statistics: channel.client(Statistics),
      underlay: channel.client(Underlay),
      local,
      remote,
      labels,
    }
    await watch.settle(forwarder, channel, () => forwarders.add(forwarder))
    undo.defer(() => forwarders.remove(forwarder))
    // Before its cross connects are looked at: what is made again needs its network.
    await networks.offer(name, externalNetworks)
    undo.move()
    const watching = watch.follow(
      forwarder,
      channel,
      () => void this.#leave(entry => entry.forwarder === forwarder),
    )
    this.#registered.set(name, { forwarder, channel, watching, connection })
    log.info(
      {
        forwarder: name,
        local: local.map(({ type }) => type),
        remote: remote.map(({ type }) => type),
        networks: externalNetworks.map(network => network.name),
      },
      `forwarder ${name} has registered`,
    )
  }

  async #leave(goes: (entry: Registered) => boolean): Promise<void> {
    for (const [name, entry] of this.#registered) {
      if (!goes(entry)) continue
      this.#registered.delete(name)
      this.#options.forwarders.remove(entry.forwarder)
      this.#options.log.warn(
        { forwarder: name },
        `forwarder ${name} is gone; its connections stay as they are`,
      )
      this.#options.watch.gone(entry.forwarder)
      await this.#options.networks.withdraw(name)
      await this.#end(entry)
    }
  }

  async #end({ watching, channel }: Registered): Promise<void> {
    watching[Symbol.dispose]()
    await channel[Symbol.asyncDispose]()
  }
}

/** NSM v0 forwarders name their mechanisms only in this stream. */
async function firstMechanisms(channel: Channel, name: string): Promise<MechanismUpdate> {
  const updates = channel.client(MechanismsMonitor).monitorMechanisms({}, { timeoutMs: mechanismsMs })
  for await (const update of updates) return update
  throw new NsmError('BAD_INPUT', `registering forwarder ${name}: it names no mechanisms`)
}
