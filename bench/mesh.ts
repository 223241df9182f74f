import { join } from 'node:path'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, type Netns } from '#kernel/netns.ts'
import { bringLoopbackUp } from '#local/nodes/loopback.ts'
import { type Node, startNode } from '#local/nodes/node.ts'
import { netnsFolder } from '#local/nodes/places.ts'
import { Program } from '#local/processes/program.ts'
import { startProcess } from '#local/processes/start-process.ts'
import { programPath } from '#local/program-path.ts'
import { silent } from '#sdk/log.ts'

/** A pod as the bench knows it: a namespace and the variables of its device. */
export interface BenchPod {
  readonly name: string
  readonly netns: Netns
  readonly env: Readonly<Record<string, string>>
}

const service = 'bench'
const common = { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'error' }

/** One node with the real manager and the real forwarder as processes; everything ends with it. */
export class BenchMesh implements AsyncDisposable {
  readonly kernel = netlinkKernel()
  readonly #held = new AsyncDisposableStack()
  readonly #node: Node

  private constructor(node: Node) {
    this.#held.use(this.kernel)
    this.#node = this.#held.use(node)
  }

  static async start(): Promise<BenchMesh> {
    return new BenchMesh(
      await startNode({ name: 'node-1', env: common, log: silent, managerRestarted: () => {} }),
    )
  }

  /** Starts the endpoint's side-car and waits until it has registered. */
  async startEndpoint(): Promise<BenchPod> {
    const pod = await this.addPod('endpoint')
    const env = {
      ...pod.env,
      ENDPOINT_NETWORK_SERVICE: service,
      IP_ADDRESS: '10.60.0.0/16',
      ROUTES: '10.100.0.0/24',
    }
    const argv = [process.execPath, programPath('sidecar-nse')]
    const program = this.#held.use(
      new Program({ name: 'sidecar-nse', argv, env, netns: pod.netns, log: silent }),
    )
    await program.ready(async signal => {
      const { endpoints } = await this.#node.admin.listEndpoints({}, { signal })
      if (endpoints.length === 0) throw new Error('the endpoint has not registered')
    })
    return pod
  }

  /** A pod with a namespace and a workspace, and nothing in it. */
  async addPod(name: string): Promise<BenchPod> {
    const netns = this.#held.use(createNetns(join(netnsFolder, name)))
    bringLoopbackUp(this.kernel, netns)
    const pod = {
      uid: `uid-${name}`,
      name,
      namespace: 'default',
      serviceAccount: 'default',
      netnsCookie: netns.cookie,
    }
    await this.#node.nsmd.putPod(pod)
    const { workspace } = await this.#node.nsmd.requestClientConnection({ workspace: name, pod })
    const folder = join(this.#node.base, workspace)
    const sockets = {
      NSM_SERVER_SOCKET: join(folder, 'nsm.server.io.sock'),
      NSM_CLIENT_SOCKET: join(folder, 'nsm.client.io.sock'),
    }
    return { name, netns, env: { ...common, ...sockets, POD_NAME: name, WORKSPACE: folder } }
  }

  /** Milliseconds from start to exit of an init client in the pod. */
  async runInitClient({ env, netns, name }: BenchPod): Promise<number> {
    const begun = performance.now()
    const argv = [process.execPath, programPath('init-client')]
    const { child, exit } = startProcess({ argv, env: { ...env, NS_NETWORKSERVICEMESH_IO: service }, netns })
    child.stdin?.end()
    const said: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk))
    await new Promise(resolve => child.once('exit', resolve))
    const took = performance.now() - begun
    const { code } = await exit
    if (code !== 0)
      throw new Error(`init client of ${name} ended with ${code}: ${Buffer.concat(said).toString()}`)
    return took
  }

  /** Milliseconds from Request to reply inside the manager, per pod. */
  async setupMillis(): Promise<ReadonlyMap<string, number>> {
    const { connections } = await this.#node.admin.listConnections({})
    return new Map(connections.map(record => [record.client?.name ?? '', Number(record.setupMicros) / 1000]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync()
  }
}
