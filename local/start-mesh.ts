import { dirname } from 'node:path'
import { netlinkKernel } from '#kernel/netlink.ts'
import { readNetworkService } from '#kube/network-service.ts'
import type { Config } from '#runtime/config.ts'
import type { Log } from '#sdk/log.ts'
import { webhookReviewer } from './admission/reviewer.ts'
import type { config } from './config.ts'
import { Controllers } from './controllers/controllers.ts'
import type { LocalMesh } from './mesh.ts'
import { issuersOf } from './nodes/issuers.ts'
import { bringLoopbackUp, bringOwnLoopbackUp } from './nodes/loopback.ts'
import { makeNodes } from './nodes/make-nodes.ts'
import { type Node, startNode } from './nodes/node.ts'
import { startRegistry } from './nodes/registry.ts'
import { startWebhook } from './nodes/webhook.ts'
import { WiredPods } from './nodes/wired-pods.ts'
import { Store } from './objects/store.ts'
import type { Home } from './pods/home.ts'
import { Pods } from './pods/pods.ts'
import { Changes } from './processes/changes.ts'

/** A mesh and its end. */
export interface StartedMesh extends LocalMesh, AsyncDisposable {}

/** Brings a mesh up in the namespaces of this process; resolves when webhook and managers answer. */
export async function startMesh(values: Config<typeof config>, log: Log): Promise<StartedMesh> {
  await using undo = new AsyncDisposableStack()
  const env = baseEnvironment(values.name)
  const kernel = undo.use(netlinkKernel())
  const changes = new Changes()
  const store = new Store()
  bringOwnLoopbackUp(kernel)

  const restarted = (node: string) =>
    void tellAgain(node).catch((err: unknown) =>
      log.error({ node, err }, 'a manager that was restarted was not told of its pods'),
    )
  const places = makeNodes(values, kernel).map(place => ({ ...place, netns: undo.use(place.netns) }))
  const names = places.map(({ name }) => name)
  const { excludedPrefixes, capture } = values
  const isShared = places.length > 1
  const issuers = undo.use(issuersOf(log))
  const [webhook, registry, ...nodes] = await Promise.all([
    startWebhook(env, log).then(started => undo.use(started)),
    isShared ? startRegistry(env, log).then(started => undo.use(started)) : undefined,
    ...places.map(place =>
      startNode({ ...place, excludedPrefixes, capture, issuers, env, log, managerRestarted: restarted }).then(
        node => undo.use(node),
      ),
    ),
  ])

  const homes = nodes.map(
    (node): Home => ({
      node,
      wiring: undo.use(new WiredPods(node.admin, changes, log)),
      prepare: netns => bringLoopbackUp(kernel, netns),
      find: name => store.get(name)?.object,
      baseEnv: env,
      graceMs: values.grace,
      changed: () => changes.touch(),
      log,
    }),
  )
  const pods = new Pods(new Map(homes.map(home => [home.node.name, home])), () => changes.touch())
  const review = webhookReviewer(webhook.address)
  const controllers = undo.use(new Controllers({ store, pods, nodes: names, review, changes, log }))
  const tellAgain = async (name: string) => {
    const node = nodes.find(candidate => candidate.name === name)
    if (node === undefined) return
    await answering(node)
    for (const object of store.list().filter(({ kind }) => kind === 'NetworkService'))
      await node.admin.applyNetworkService(readNetworkService(object))
    await pods.announceAll(name)
  }
  const programs = [
    webhook.program,
    ...(registry === undefined ? [] : [registry.program]),
    ...nodes.flatMap(node => node.programs),
  ]
  const held = undo.move()
  const parts = {
    name: values.name,
    started: new Date(),
    nodes,
    programs,
    store,
    pods,
    controllers,
    review,
    changes,
    given: new Set<string>(),
  }
  return { ...parts, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

async function answering(node: Node): Promise<void> {
  await node.programs[0]?.ready(signal => node.nsmd.enumConnection({}, { signal, timeoutMs: 1000 }))
}

/** What every program and container of the mesh gets. Ours is the first `node` in PATH, so that a container's is Node 24 too. */
function baseEnvironment(mesh: string): Readonly<Record<string, string>> {
  const level = process.env['LOG_LEVEL']
  return {
    PATH: [dirname(process.execPath), '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'].join(
      ':',
    ),
    HOME: '/run',
    LANG: 'C.UTF-8',
    NSM_MESH_NAME: mesh,
    ...(level === undefined ? {} : { LOG_LEVEL: level }),
  }
}
