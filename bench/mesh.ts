import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, type Netns } from '#kernel/netns.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { issuersOf } from '#local/nodes/issuers.ts'
import { bringLoopbackUp } from '#local/nodes/loopback.ts'
import { makeNodes } from '#local/nodes/make-nodes.ts'
import { type Node, startNode } from '#local/nodes/node.ts'
import { netnsFolder } from '#local/nodes/places.ts'
import { Program } from '#local/processes/program.ts'
import { startProcess } from '#local/processes/start-process.ts'
import { programPath } from '#local/program-path.ts'
import { silent } from '#sdk/log.ts'
import type { Series } from './report.ts'

/** A pod as the bench knows it: a namespace and the variables of its device. */
export interface BenchPod {
  readonly name: string
  readonly netns: Netns
  readonly env: Readonly<Record<string, string>>
}

const common = { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'error' }

/** One node with the real manager and the real forwarder as processes; everything ends with it. */
export class BenchMesh implements AsyncDisposable {
  readonly kernel = netlinkKernel()
  readonly #held = new AsyncDisposableStack()
  readonly #node: Node
  readonly #image: string

  private constructor(node: Node) {
    this.#held.use(this.kernel)
    this.#node = this.#held.use(node)
    this.#image = this.#held.use(temporaryFolder()).path
    execFileSync(process.execPath, ['scripts/assemble.ts', 'init-client', this.#image])
  }

  static async start(): Promise<BenchMesh> {
    using kernel = netlinkKernel()
    const [place] = makeNodes({ nodes: 1, underlay: 'ipv4', underlayMtu: 1500 }, kernel)
    if (place === undefined) throw new Error('there is no node')
    const issuers = issuersOf(silent)
    const node = await startNode({
      ...place,
      excludedPrefixes: [],
      issuers,
      env: common,
      log: silent,
      managerRestarted: () => {},
    })
    const mesh = new BenchMesh(node)
    mesh.#held.use(issuers)
    mesh.#held.use(place.netns)
    return mesh
  }

  /** Starts a side-car that offers the service, in a pod of that name, and waits until it has registered. */
  async startEndpoint(service: string, env: Readonly<Record<string, string>>): Promise<void> {
    const pod = await this.addPod(service)
    const whole = { ...pod.env, ...env, ENDPOINT_NETWORK_SERVICE: service }
    const argv = [process.execPath, programPath('sidecar-nse')]
    const program = this.#held.use(
      new Program({ name: 'sidecar-nse', argv, env: whole, netns: pod.netns, log: silent }),
    )
    await program.ready(async signal => {
      const { endpoints } = await this.#node.admin.listEndpoints({}, { signal })
      if (!endpoints.some(({ pod: owner }) => owner?.name === service))
        throw new Error(`${service} has not registered`)
    })
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

  /** Milliseconds from start to exit of an init client in the pod, as its image starts it or as a plain bundle. */
  async runInitClient(
    service: string,
    { env, netns, name }: BenchPod,
    start: 'image' | 'bundle' = 'image',
  ): Promise<number> {
    const begun = performance.now()
    const snapshot = start === 'image' ? ['--snapshot-blob', join(this.#image, 'app/init-client.blob')] : []
    const argv = [process.execPath, ...snapshot, programPath('init-client')]
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

  /** Milliseconds from start to exit of a Node that has nothing to do, in the pod. */
  async runBareNode({ env, netns }: BenchPod): Promise<number> {
    const begun = performance.now()
    const { child, exit } = startProcess({ argv: [process.execPath, '-e', '0'], env, netns })
    child.stdin?.end()
    await new Promise(resolve => child.once('exit', resolve))
    const took = performance.now() - begun
    await exit
    return took
  }

  /** Runs the client that lives on in a pod. */
  async runLoadClient(service: string, { env, netns }: BenchPod): Promise<readonly Series[]> {
    const file = join(import.meta.dirname, 'bench-client.js')
    const argv = [process.execPath, file, env['NSM_SERVER_SOCKET'] ?? '', service]
    const { child, exit } = startProcess({ argv, env, netns })
    child.stdin?.end()
    const [out, errors] = await Promise.all(
      [child.stdout, child.stderr].map(async stream => (stream === null ? '' : await text(stream))),
    )
    const { code } = await exit
    if (code !== 0) throw new Error(`the load client ended with ${code}: ${errors}`)
    return JSON.parse(out ?? '') as readonly Series[]
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
