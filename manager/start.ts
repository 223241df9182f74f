import type { Socket } from 'node:net'
import { join } from 'node:path'
import { implement, type Served } from '#sdk/rpc/implement.ts'
import { type Server, serve } from '#sdk/rpc/serve.ts'
import { nodeOf, secureServer } from '#sdk/rpc/tls.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { Admin } from '#sdk/wire/gen/admin/admin_pb.ts'
import {
  ForwarderRegistration,
  ForwarderUnRegistration,
} from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { NSMD, type Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { adminHandlers } from './admin.ts'
import { type Core, type CoreOptions, newCore } from './core.ts'
import type { Peer } from './identity.ts'
import type { NodePods } from './kubernetes/node-pods.ts'
import { Residents } from './kubernetes/residents.ts'
import { type Report, tellPods } from './kubernetes/tell-pods.ts'
import { readMetrics } from './metrics.ts'
import { forgetPod, nsmdHandlers } from './nsmd.ts'
import { allowAll } from './policy.ts'
import { serveProbes } from './probes.ts'
import { publicUrl } from './public-url.ts'
import { remoteServices } from './remote-services.ts'
import { StalePods } from './stale-pods.ts'
import { openState, type State, type StateOptions } from './state.ts'
import { type WorkspaceServicesOptions, workspaceServices } from './workspace-services.ts'
import { Workspaces } from './workspaces.ts'

/** How a manager is set up. */
export interface ManagerOptions extends StateOptions, Omit<CoreOptions, 'clientSocket'> {
  /** Where other managers are served; undefined serves none. */
  readonly listen?: Address | undefined
  /** What other managers are told of `listen`; empty is what it is bound to. */
  readonly publicUrl: string
  /** The node's own network namespace, whose pods are refused; undefined refuses nobody. */
  readonly nodeCookie: bigint | undefined
  /** Names the process at the other end of a workspace's socket. */
  readonly peerOf: (socket: Socket, workspace: string) => Peer
  readonly version: string
  /** Where probes and metrics are served; default nowhere. */
  readonly probes?: Address | undefined
  /** The pods of this node as Kubernetes tells of them, in place of a runner that tells of them. */
  readonly nodePods?: NodePods | undefined
  /** Takes what users should read of their pods; default nobody. */
  readonly report?: Report | undefined
  /** Milliseconds after which pods are forgotten that the runner does not tell of again; default 10,000. */
  readonly staleMs?: number
}

const staleMs = 10_000

/** A running manager. Disposing stops it; connections and workspaces stay as they are. */
export interface Manager extends AsyncDisposable {
  /** Where other managers reach it; empty when they cannot. */
  readonly url: string
}

/** Starts a manager: what it remembers, its chain, and its sockets in the base directory. */
export async function startManager(options: ManagerOptions): Promise<Manager> {
  await using undo = new AsyncDisposableStack()
  const { log, node, baseDir } = options
  const state = undo.use(openState(options))
  const clientSocket = (workspace: string): Address => workspaces.clientSocket(workspace)
  const core = undo.use(newCore(state, { ...options, clientSocket }))
  const shared = { ...state, ...core, policy: allowAll, node }
  const remote =
    options.listen === undefined
      ? undefined
      : undo.use(await serveRemote(options.listen, { ...shared, security: options.security, log }))
  const url = remote === undefined ? '' : publicUrl(remote.address, options.publicUrl)
  const { nodePods } = options
  const forget = (pod: Pod): Promise<void> => forgetPod(pod, { ...state, ...core, workspaces })
  const residents =
    nodePods === undefined
      ? undefined
      : undo.use(
          new Residents({
            ...state,
            ...core,
            nodePods,
            log,
            forget,
            closeUnless: isPod => workspaces.closeUnless(isPod),
          }),
        )
  const services: WorkspaceServicesOptions = {
    ...shared,
    nodeCookie: options.nodeCookie,
    sharedNamespace: options.sharedNamespace,
    publicUrl: url,
    claim: (door, owner) => workspaces.claim(door, owner),
    admit: residents === undefined ? undefined : (peer, door) => residents.admit(peer, door),
    checkClientSocket: workspace => workspaces.checkClientSocket(workspace),
    onRegistered: record => void core.endpoints.follow(record),
    withdraw: (record, why) => core.endpoints.withdraw(record, why),
  }
  const workspaces = undo.use(
    new Workspaces({
      baseDir,
      log,
      journal: state.workspaces,
      serve: (door, address) =>
        serve({
          address,
          mode: 0o666,
          log,
          peerOf: socket => options.peerOf(socket, door.workspace),
          services: workspaceServices(door, services),
        }),
    }),
  )
  // What Kubernetes has not told of yet may be a pod all the same.
  await workspaces.restore(uid => nodePods !== undefined || state.pods.get(uid) !== undefined)
  await core.resume(url)
  residents?.begin()
  if (nodePods !== undefined && options.report !== undefined)
    undo.use(tellPods({ ...state, nodePods, report: options.report }))
  const stale = undo.use(
    new StalePods({
      ...state,
      log,
      graceMs: options.staleMs ?? staleMs,
      forget,
    }),
  )
  for (const server of await ownSockets(state, core, { ...options, workspaces, stale })) undo.use(server)
  // Before the sockets: a forwarder whose stream ends because we go is not gone.
  undo.defer(() => core.registrar[Symbol.asyncDispose]())
  if (options.probes !== undefined)
    undo.use(
      await serveProbes({
        address: options.probes,
        readyReason: () =>
          core.forwarders.all().length === 0 ? 'no forwarder has registered on this node' : undefined,
        metrics: () => readMetrics({ ...state, ...core, workspaces, node }),
      }),
    )
  const running = undo.move()
  return { url, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

async function serveRemote(
  address: Address,
  options: Parameters<typeof remoteServices>[0] & Pick<ManagerOptions, 'log' | 'security'>,
): Promise<Server> {
  const { security, log } = options
  return await serve({
    address,
    log,
    ...(security === 'insecure' ? {} : { secure: secureServer(security) }),
    peerOf: socket => (security === 'insecure' ? undefined : nodeOf(socket)),
    services: remoteServices(options),
  })
}

/** The sockets of the base directory, which only the manager's own user may open. */
async function ownSockets(
  state: State,
  core: Core,
  options: ManagerOptions & { readonly workspaces: Workspaces; readonly stale: StalePods },
): Promise<readonly Server[]> {
  const { baseDir, log, version, node, workspaces, stale } = options
  const nsmd = { ...state, ...core, workspaces, baseDir, runnerSpoke: () => stale.runnerSpoke() }
  const open = <P>(name: string, peerOf: () => P, services: readonly Served<P>[]): Promise<Server> =>
    serve({ address: `unix://${join(baseDir, name)}`, log, peerOf, services })
  const admin = { ...state, ...core, workspaces, node, version, baseDir }
  return await Promise.all([
    open('nsm.forwarder-registrar.io.sock', () => ({ connection: Symbol('registrar connection') }), [
      implement(ForwarderRegistration, core.registrar.registration()),
      implement(ForwarderUnRegistration, core.registrar.unregistration()),
    ]),
    open('nsm.admin.io.sock', () => undefined, [implement(Admin, adminHandlers(admin))]),
    open('nsm.io.sock', () => undefined, [implement(NSMD, nsmdHandlers(nsmd))]),
  ])
}
