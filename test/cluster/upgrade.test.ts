import { beforeAll, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { client, gateway, readyPod, untilMeshRuns } from './connected-pods.ts'
import { dumpMesh, untilMeshIs } from './dump-mesh.ts'
import { nsm } from './nsm.ts'
import { startPing } from './steady-ping.ts'

const cluster = await useCluster()
const [here = '', there = here] = cluster.nodes
const clients = ['near', 'far'] as const

beforeAll(() => cluster.install())

async function restartAll(): Promise<void> {
  await cluster.kubectl('-n nsm-system rollout restart deployments,daemonsets')
}

async function upgrade(): Promise<void> {
  await nsm(cluster, ['install', '--overlay', 'test', '--image-tag', 'next', '--wait', '4m'])
  const images = await cluster.kubectl('-n nsm-system get deployments,daemonsets -o jsonpath={..image}')
  expect(images.split(' ').every(image => image.endsWith(':next'))).toBe(true)
}

async function downgrade(): Promise<void> {
  await nsm(cluster, ['install', '--overlay', 'test', '--wait', '4m'])
}

// The two tags are one build: what is tried is that all that a program knows is found again by another one.
it.each([
  { what: 'kubectl rollout restart of every program', change: restartAll },
  { what: 'an upgrade', change: upgrade },
  { what: 'going back', change: downgrade },
])(
  '$what loses no packet of a connection, and leaves everything as it was',
  {
    timeout: 400_000,
  },
  async ({ change }) => {
    await untilMeshRuns(cluster)
    const namespace = await cluster.newNamespace('upgrade')
    await cluster.apply(gateway('gateway', there) + client('near', there) + client('far', here), namespace)
    await readyPod(cluster, namespace, 'gateway')
    const pods = await Promise.all(clients.map(name => readyPod(cluster, namespace, name)))
    const before = await dumpMesh(cluster)
    const pings = await Promise.all(pods.map(pod => startPing(cluster, pod)))

    await change()
    await untilMeshRuns(cluster)

    for (const ping of pings) expect((await ping.end()).lost).toEqual([])
    expect(await Promise.all(clients.map(name => readyPod(cluster, namespace, name)))).toEqual(pods)
    await untilMeshIs(cluster, before)
    await cluster.kubectl(`-n ${namespace} delete deployments --all --cascade=foreground`)
  },
)
