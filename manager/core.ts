import type { EndpointRecord } from '#registry/registry.ts'
import type { Endpoint } from '#sdk/chain/begin.ts'
import type { Log } from '#sdk/log.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { State as ConnectionState } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { Agent } from './agent.ts'
import { managerChain } from './chain.ts'
import { Channels, type Security } from './channels.ts'
import { closableAgain } from './closable-again.ts'
import { EndpointWatch } from './endpoint-watch.ts'
import { externalOf } from './external-network.ts'
import { ExternalNetworks } from './external-networks.ts'
import { ForwarderWatch } from './forwarder-watch.ts'
import { Forwarders } from './forwarders.ts'
import { Mending } from './mending.ts'
import { Peers } from './peers.ts'
import { Registrar } from './registrar.ts'
import { type ManagerRequest, requestOf, type Wired } from './request.ts'
import type { State } from './state.ts'
import { TunnelBook } from './tunnel-numbers.ts'

/** What the decisions of a manager depend on. */
export interface CoreOptions {
  readonly node: string
  readonly sharedNamespace: string
  readonly excludedPrefixes: () => readonly string[]
  readonly forwarderWaitMs: number
  readonly endpointWaitMs: number
  /** Milliseconds that an endpoint or a forwarder may take to answer. */
  readonly timeoutMs: number
  /** A mechanism type that goes before all others where both nodes have it; empty for none. */
  readonly preferredMechanism: string
  readonly security: Security
  /** Proposes a VXLAN identifier, whether it is in use or not; default any at random. */
  readonly drawVni?: () => number
  readonly clientSocket: (workspace: string) => Address
  readonly log: Log
}

/** The manager without its sockets. */
export interface Core extends AsyncDisposable {
  readonly chain: Endpoint<ManagerRequest, Wired>
  readonly forwarders: Forwarders
  readonly registrar: Registrar
  readonly endpoints: EndpointWatch
  /** Withdraws a pod's endpoints, moves their clients to others, and ends the pod's own connections. */
  readonly podGone: (pod: Pod) => Promise<void>
  /** Withdraws a pod's endpoints alone: it is about to end. */
  readonly podEnds: (pod: Pod) => Promise<void>
  /** Withdraws the endpoints that were registered from a workspace. */
  readonly workspaceGone: (workspace: string) => Promise<void>
  /**
   * Watches the endpoints that were known before a restart, and says of them where this manager is now; one whose pod is
   * unknown is withdrawn.
   */
  readonly resume: (publicUrl: string) => Promise<void>
}

/** Puts the manager together around what it remembers; connections of the journal are adopted. */
export function newCore(state: State, options: CoreOptions): Core {
  const { registry, connections, pods } = state
  const { node, log } = options
  const forwarders = new Forwarders()
  const channels = new Channels(options.security)
  const book = new TunnelBook(connections.list(), options.drawVni)
  const peers = new Peers({ ...state, node, channels, agent: () => agent, log })
  const chain = closableAgain(
    managerChain({ ...state, ...options, forwarders, channels, book, peers }),
    connections,
  )
  for (const wired of connections.list()) chain.adopt(wired.id, requestOf(wired), wired)
  const agent = new Agent({ ...state, chain, log })
  const mending = new Mending({
    mend: (wired, why) => agent.again(wired, why),
    isDown: id => connections.get(id)?.connection.state === ConnectionState.DOWN,
  })
  const endpoints = new EndpointWatch({ ...state, ...options, channels, agent })
  const registrar = new Registrar({
    forwarders,
    watch: new ForwarderWatch({ agent, connections, mending, owed: forwarders.owed, log }),
    networks: new ExternalNetworks({ ...state, ...options }),
    log,
  })

  const withdraw = async (goes: (record: EndpointRecord) => boolean, why: string): Promise<void> => {
    const own = (await registry.endpoints.list()).filter(record => record.node === node && goes(record))
    await Promise.all(own.map(record => endpoints.withdraw(record, why)))
  }
  return {
    chain,
    forwarders,
    registrar,
    endpoints,
    podGone: async ({ uid }) => {
      await withdraw(({ pod }) => pod.uid === uid, 'its pod is gone')
      const { client = [], endpoint = [] } = Object.groupBy(connections.ofPod(uid), ({ caller }) =>
        caller.kind === 'pod' && caller.pod.uid === uid ? 'client' : 'endpoint',
      )
      await Promise.all([
        agent.close(client, 'the pod of its client is gone'),
        agent.move(endpoint, 'the pod of its endpoint is gone'),
      ])
    },
    podEnds: ({ uid }) => withdraw(({ pod }) => pod.uid === uid, 'its pod ends'),
    workspaceGone: workspace => withdraw(record => record.workspace === workspace, 'its workspace was freed'),
    resume: async publicUrl => {
      await withdraw(({ pod }) => pods.get(pod.uid) === undefined, 'its pod is gone')
      const own = (await registry.endpoints.list()).filter(record => record.node === node)
      for (const record of own) {
        const { endpoint } = record
        if (endpoint.url !== publicUrl && externalOf(record) === undefined)
          await registry.endpoints.put({ ...record, endpoint: { ...endpoint, url: publicUrl } })
        await endpoints.follow(record)
      }
      peers.resume()
    },
    [Symbol.asyncDispose]: async () => {
      await peers[Symbol.asyncDispose]()
      await endpoints[Symbol.asyncDispose]()
      await registrar[Symbol.asyncDispose]()
      mending[Symbol.dispose]()
      await chain[Symbol.asyncDispose]()
      await channels[Symbol.asyncDispose]()
    },
  }
}
