import { beforeAll, describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { client, gateway, type PodOf, readyPod, reasonsOf, untilMeshRuns } from './connected-pods.ts'
import { dumpMesh, untilMeshIs } from './dump-mesh.ts'
import { peerOf, startPing } from './steady-ping.ts'

const cluster = await useCluster()
const [here = '', there = ''] = cluster.nodes

beforeAll(() => cluster.install())

async function pings(at: PodOf): Promise<boolean> {
  const peer = await peerOf(cluster, at)
  const said = await cluster.inPod(at.namespace, at.pod, `ping -c 2 -W 5 ${peer}`)
  return said.includes('2 packets received')
}

/** Waits until a client reaches its endpoint, wherever that is now. */
async function untilReached(at: PodOf): Promise<void> {
  await cluster.waitFor(() => pings(at), { what: `${at.pod} reaches its endpoint`, within: 180_000 })
}

/**
 * A client whose endpoint ends gets another one if that is there by then; else its connection is closed, and an Event of the pod
 * says so.
 */
async function untilMovedOrClosed(at: PodOf): Promise<void> {
  await cluster.waitFor(
    async () => {
      const interfaces = await cluster.inPod(at.namespace, at.pod, 'ls /sys/class/net')
      return interfaces.includes('nsm0')
        ? await pings(at)
        : (await reasonsOf(cluster, at)).includes('NetworkServiceClosed')
    },
    { what: `the connection of ${at.pod} has moved, or is closed`, within: 180_000 },
  )
}

/** What a node's kernel has of the mesh. */
async function linksOf(node: string): Promise<readonly string[]> {
  return (await dumpMesh(cluster)).nodes[node]?.links ?? []
}

describe.skipIf(cluster.own === undefined || cluster.nodes.length < 2)('a node', () => {
  it('that is drained loses its links, and its pods are connected elsewhere', {
    timeout: 400_000,
  }, async () => {
    const before = await dumpMesh(cluster)
    const [stays, moves] = await arrange()
    const near = await startPing(cluster, await readyPod(cluster, stays, 'near'))

    await cluster.kubectl(`drain ${there} --ignore-daemonsets --delete-emptydir-data --force --timeout=120s`)
    try {
      const mover = await readyPod(cluster, stays, 'mover')
      expect(mover.node).toBe(here)
      await untilReached(mover)
      expect((await readyPod(cluster, moves, 'gateway')).node).toBe(here)
      await untilMovedOrClosed(await readyPod(cluster, moves, 'client'))
      await cluster.waitFor(async () => (await linksOf(there)).length === 0, { what: 'the node has no link' })
    } finally {
      await cluster.kubectl(`uncordon ${there}`)
    }
    expect((await near.end()).lost).toEqual([])
    await clear(stays, moves)
    await untilMeshRuns(cluster)
    await untilMeshIs(cluster, before)
  })

  it('that is rebooted has its connections again, and the others never lose theirs', {
    timeout: 500_000,
  }, async () => {
    const before = await dumpMesh(cluster)
    const [stays, moves] = await arrange()
    const near = await startPing(cluster, await readyPod(cluster, stays, 'near'))
    const left = await readyPod(cluster, moves, 'client')

    const old = await managerContainers(there)
    await cluster.faults.crash(there)
    await cluster.faults.boot(there)
    await cluster.waitFor(async () => (await managerContainers(there)) !== old, {
      what: 'kubelet tells that the manager is another process',
      within: 120_000,
    })
    await untilMeshRuns(cluster)
    await untilReached(await readyPod(cluster, stays, 'mover'))
    await readyPod(cluster, moves, 'gateway')
    expect(await readyPod(cluster, moves, 'client'), 'the client was not disturbed').toEqual(left)
    await untilMovedOrClosed(left)

    expect((await near.end()).lost).toEqual([])
    await clear(stays, moves)
    await untilMeshIs(cluster, before)
  })
})

/**
 * Two namespaces. In the first, an endpoint and the client `near` are here and the client `mover` is there. In the second, the
 * client is here and its endpoint there.
 */
async function arrange(): Promise<readonly [string, string]> {
  const stays = await cluster.newNamespace('stays')
  const moves = await cluster.newNamespace('moves')
  await cluster.kubectl(`cordon ${here}`)
  try {
    await cluster.apply(client('mover'), stays)
    await cluster.apply(gateway('gateway'), moves)
    await cluster.waitFor(async () => (await scheduled(stays)) && (await scheduled(moves)), {
      what: 'the pods are at the second node',
    })
  } finally {
    await cluster.kubectl(`uncordon ${here}`)
  }
  await cluster.apply(gateway('gateway', here) + client('near', here), stays)
  await cluster.apply(client('client', here), moves)
  for (const name of ['gateway', 'near', 'mover']) await readyPod(cluster, stays, name)
  for (const name of ['gateway', 'client']) await readyPod(cluster, moves, name)
  return [stays, moves]
}

/** Whether a namespace has a pod at the second node. */
async function scheduled(namespace: string): Promise<boolean> {
  return (await cluster.kubectl(`-n ${namespace} get pods -o jsonpath={.items[*].spec.nodeName}`)) === there
}

async function clear(...namespaces: readonly string[]): Promise<void> {
  // The network service that an endpoint makes stays when the endpoint ends.
  for (const namespace of namespaces)
    for (const what of ['deployments', 'networkservices'])
      await cluster.kubectl(`-n ${namespace} delete ${what} --all --cascade=foreground`)
}

/** The containers of the manager's pod on a node, as kubelet tells of them. */
async function managerContainers(node: string): Promise<string> {
  return await cluster.kubectl(
    `-n nsm-system get pods -l app=nsm-manager --field-selector=spec.nodeName=${node} -o jsonpath={.items[*].status.containerStatuses[*].containerID}`,
  )
}
