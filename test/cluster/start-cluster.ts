import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { startControl, startControlSpace, untilApiReady } from './control-plane.ts'
import { kubeletClient, writeCredentials } from './credentials.ts'
import { dnsObjects } from './dns.ts'
import { type Binaries, type ClusterFacts, controlAddress, type OwnFacts, registryPort } from './facts.ts'
import { temporaryFolder } from './folder.ts'
import { kubectl } from './kubectl.ts'
import { bootNode } from './node.ts'
import { makeDisk, nodeName } from './node-disk.ts'
import { startMachine } from './space.ts'
import { storeImages } from './store-images.ts'

/** A running Kubernetes. */
export interface RunningCluster extends AsyncDisposable {
  readonly facts: ClusterFacts & { readonly own: OwnFacts }
}

/** How large. */
export interface StartOptions {
  /** How many nodes. Default 2. */
  readonly nodes?: number
}

/**
 * Starts etcd, a control plane and nodes, in about ten seconds, each in namespaces of its own; all of it ends and vanishes with
 * the result, or with this process. Nodes may not be Ready yet. Throws Error when the machine lacks a program or the API server
 * does not start.
 */
export async function startCluster({ nodes: count = 2 }: StartOptions = {}): Promise<RunningCluster> {
  await using made = new AsyncDisposableStack()
  const binaries = provideBinaries()
  const { path: folder } = made.use(await temporaryFolder())
  const machine = made.use(await startMachine())
  const control = await startControlSpace(machine, folder)
  const own: OwnFacts = { folder, machinePid: machine.pid, controlPid: control.pid, binaries }
  const indexes = Array.from({ length: count }, (_, at) => at + 1)
  const nodes = indexes.map(nodeName)
  await writeCredentials(folder, nodes)
  await startControl(own, 'etcd')
  await startControl(own, 'apiserver')
  await storeImages(join(folder, 'images'), binaries)
  const server = await startRegistry(own)
  const kubeconfig = join(folder, 'kubeconfig')
  const inside = await readFile(join(folder, 'admin.kubeconfig'), 'utf8')
  await writeFile(kubeconfig, inside.replace(`https://${controlAddress}:6443`, server), { mode: 0o600 })
  const facts = { kubeconfig, kubectlPath: binaries.kubectl, nodes, own }
  await untilApiReady(own)
  // Before, they would give up.
  await startControl(own, 'controller-manager')
  await startControl(own, 'scheduler')
  const places = indexes.map(index => ({ facts: own, index, count }))
  await Promise.all(
    places.map(async place => {
      await makeDisk(place)
      await bootNode(place)
    }),
  )
  await kubectl(facts, ['apply', '-f', '-'], { input: JSON.stringify(dnsObjects(kubeletClient)) })
  const kept = made.move()
  return { facts, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function provideBinaries(): Binaries {
  const done = spawnSync(process.execPath, ['scripts/kubernetes.ts', 'nodes'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (done.status !== 0) throw new Error(done.stdout.trim())
  return JSON.parse(done.stdout) as Binaries
}

/** Gives the address of the API server on the machine's own loopback. */
async function startRegistry({ folder, controlPid }: OwnFacts): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle
  const enter = ['--target', String(controlPid), '--net', '--pid', process.execPath]
  const child = spawn(
    'nsenter',
    [
      ...enter,
      'test/cluster/registry-child.ts',
      join(folder, 'images'),
      controlAddress,
      String(registryPort),
    ],
    // The listening socket stays in the network in which it was made, whoever accepts from it.
    { stdio: ['ignore', 'inherit', 'inherit', fd], detached: true },
  )
  await once(child, 'spawn')
  child.unref()
  server.close()
  return `https://127.0.0.1:${port}`
}
