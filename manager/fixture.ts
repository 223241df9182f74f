/** For tests: a manager with pods, endpoints and a forwarder around it, all over real sockets in one process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { silent } from '#sdk/log.ts'
import { type Channel, dial } from '#sdk/rpc/dial.ts'
import type { Client } from '#sdk/rpc/types.ts'
import { Admin, type ConnectionRecord, type Event } from '#sdk/wire/gen/admin/admin_pb.ts'
import { type Connection, MonitorConnection } from '#sdk/wire/gen/connection/connection_pb.ts'
import {
  ForwarderRegistration,
  type ForwarderRegistrationRequestSchema,
} from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { NSMD } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import {
  type MatchSchema,
  NetworkServiceEndpointRegistry,
  NetworkServiceRegistry,
} from '#sdk/wire/gen/registry/registry_pb.ts'
import { mechanismClass, mechanismType, parameter } from '#sdk/wire/mechanism.ts'
import type { Peer } from './identity.ts'
import { type Manager, type ManagerOptions, startManager } from './start.ts'

/** A pod that the manager was told of, with one workspace. */
export interface TestPod {
  readonly uid: string
  readonly name: string
  readonly cookie: bigint
  readonly workspace: string
  readonly service: Client<typeof NetworkService>
  readonly services: Client<typeof NetworkServiceRegistry>
  readonly endpoints: Client<typeof NetworkServiceEndpointRegistry>
  readonly monitor: Client<typeof MonitorConnection>
}

/** What is known of a pod beside its name. */
export interface PodOptions {
  readonly uid?: string
  readonly namespace?: string
  readonly labels?: Record<string, string>
}

/** The node of a test. */
export interface TestNode extends AsyncDisposable {
  readonly baseDir: string
  readonly nsmd: Client<typeof NSMD>
  readonly admin: Client<typeof Admin>
  readonly url: string
  /** What a workspace's callers are taken for in place of what they are. */
  readonly peers: Map<string, Peer>
  register(request: MessageInitShape<typeof ForwarderRegistrationRequestSchema>): Promise<unknown>
  pod(name: string, options?: PodOptions): Promise<TestPod>
  /** What a process may do who comes through a workspace's door, which is opened for nobody in particular. */
  caller(workspace: string, peer: Peer): Promise<Omit<TestPod, 'name'>>
  apply(name: string, matches?: MessageInitShape<typeof MatchSchema>[], namespace?: string): Promise<void>
  connections(): Promise<readonly ConnectionRecord[]>
  events(): Promise<readonly Event[]>
  /** Ends the manager; `restart` starts another one. */
  stop(): Promise<void>
  /** Starts another manager over what this one remembers, as after kill -9. */
  restart(changed?: Partial<ManagerOptions>): Promise<void>
}

let cookies = 100n

/** Starts a manager in a directory of its own; disposing ends it and removes the directory. */
export async function testNode(options: Partial<ManagerOptions> = {}): Promise<TestNode> {
  const baseDir = options.baseDir ?? mkdtempSync(join(tmpdir(), 'nsm-'))
  const peers: TestNode['peers'] = new Map()
  const start = (changed: Partial<ManagerOptions> = {}): Promise<Manager> =>
    startManager({
      node: 'node-1',
      baseDir,
      sharedNamespace: 'nsm-system',
      journal: '',
      bootId: 'boot-1',
      excludedPrefixes: () => [],
      forwarderWaitMs: 5000,
      endpointWaitMs: 5000,
      timeoutMs: 5000,
      publicUrl: '',
      preferredMechanism: '',
      security: 'insecure',
      nodeCookie: 1n,
      version: '',
      log: silent,
      ...options,
      ...changed,
      peerOf: (socket, workspace) =>
        peers.get(workspace) ?? options.peerOf?.(socket, workspace) ?? { pid: 0, netnsCookie: 0n },
    })
  let manager = await start()
  const { url } = manager
  const channels: Channel[] = []
  const channelTo = (path: string): Channel => {
    const channel = dial(`unix://${join(baseDir, path)}`)
    channels.push(channel)
    return channel
  }
  const clientsOf = (workspace: string) => {
    const channel = channelTo(join(workspace, 'nsm.server.io.sock'))
    return {
      service: channel.client(NetworkService),
      services: channel.client(NetworkServiceRegistry),
      endpoints: channel.client(NetworkServiceEndpointRegistry),
      monitor: channel.client(MonitorConnection),
    }
  }
  const nsmd = channelTo('nsm.io.sock').client(NSMD)
  const admin = channelTo('nsm.admin.io.sock').client(Admin)
  return {
    baseDir,
    nsmd,
    admin,
    url,
    peers,
    register: request =>
      channelTo('nsm.forwarder-registrar.io.sock')
        .client(ForwarderRegistration)
        .requestForwarderRegistration(request),
    async pod(name, { uid = `uid-${name}`, namespace = 'default', labels = {} } = {}) {
      cookies += 1n
      const [cookie, workspace] = [cookies, `ws-${name}`]
      const pod = { uid, name, namespace, labels, netnsCookie: cookie }
      peers.set(workspace, { pid: Number(cookie) + 1000, netnsCookie: cookie })
      await nsmd.putPod(pod)
      await nsmd.requestClientConnection({ workspace, pod })
      return { uid, name, cookie, workspace, ...clientsOf(workspace) }
    },
    async caller(workspace, peer) {
      peers.set(workspace, peer)
      await nsmd.requestClientConnection({ workspace })
      const [uid = ''] = peer.podUids ?? []
      return { uid, cookie: peer.netnsCookie, workspace, ...clientsOf(workspace) }
    },
    async apply(name, matches = [], namespace = 'default') {
      await admin.applyNetworkService({ namespace, networkService: { name, payload: 'IP', matches } })
    },
    connections: async () => (await admin.listConnections({})).connections,
    events: async () => await Array.fromAsync(admin.events({})),
    stop: async () => manager[Symbol.asyncDispose](),
    async restart(changed) {
      await manager[Symbol.asyncDispose]()
      // At the same address, if it had one.
      const listen = options.listen === undefined ? {} : { listen: `tcp://${url.slice(6)}` as const }
      manager = await start({ ...listen, ...changed })
    },
    async [Symbol.asyncDispose]() {
      for (const channel of channels) await channel[Symbol.asyncDispose]()
      await manager[Symbol.asyncDispose]()
      rmSync(baseDir, { recursive: true, force: true })
    },
  }
}

/** A request as the init client sends it. */
export function requestFor(
  networkService: string,
  {
    id = `${networkService}-nsm0`,
    name = 'nsm0',
    labels = {},
  }: { readonly id?: string; readonly name?: string; readonly labels?: Record<string, string> } = {},
) {
  return {
    connection: {
      id,
      networkService,
      labels,
      context: { ipContext: { srcIpRequired: true, dstIpRequired: true } },
    },
    mechanismPreferences: [
      { cls: mechanismClass.local, type: mechanismType.kernel, parameters: { [parameter.name]: name } },
    ],
  }
}

/** The client's address in a connection. */
export function addressOf(connection: Connection | undefined): string {
  return connection?.context?.ipContext?.srcIpAddrs[0] ?? ''
}

/** Waits until a question is answered with something. Fails with the last error after five seconds. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + 5000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what}: not within 5 s`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
