import { beforeAll, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { dumpMesh, untilMeshIs } from './dump-mesh.ts'
import { clientDeployment, endpointDeployment } from './use.ts'

const cluster = await useCluster()

beforeAll(() => cluster.install())

it('scaled from 1 to 20 and to 0, a Deployment leaves nothing of its pods behind', async () => {
  const namespace = await cluster.newNamespace('scale')
  const get = (args: string) => cluster.kubectl(`-n ${namespace} ${args}`)
  const atAll = await dumpMesh(cluster)
  await cluster.apply(
    endpointDeployment({ name: 'crowd', service: 'crowd', addresses: '10.62.0.0/16' }),
    namespace,
  )
  await get('rollout status deployment/crowd --timeout=90s')
  await cluster.waitFor(async () => (await get('get nse -o name')) !== '', { what: 'the endpoint is known' })
  const before = await dumpMesh(cluster)
  await cluster.apply(clientDeployment({ name: 'many', service: 'crowd' }), namespace)
  await get('rollout status deployment/many --timeout=90s')
  await get('scale deployment many --replicas=20')
  await get('rollout status deployment/many --timeout=150s')
  const places = await get('get pods -l app=many -o jsonpath={.items[*].spec.nodeName}')
  expect(places.split(' ')).toHaveLength(20)
  expect(new Set(places.split(' ')).size).toBe(cluster.nodes.length)
  const links = await get('exec deploy/crowd -- ls /sys/class/net')
  expect(
    links
      .trim()
      .split(/\s+/)
      .filter(name => !['lo', 'eth0'].includes(name)),
  ).toHaveLength(20)
  const addresses = await Promise.all(
    (await get('get pods -l app=many -o jsonpath={.items[*].metadata.name}'))
      .split(' ')
      .map(pod => cluster.inPod(namespace, pod, 'ip -4 -o addr show nsm0')),
  )
  expect(new Set(addresses.map(said => /inet (\S+)/.exec(said)?.[1])).size).toBe(20)
  await get('scale deployment many --replicas=0')
  await untilMeshIs(cluster, before, 120_000)
  // The service that the endpoint made is for the next one.
  await get('delete deployment/crowd deployment/many netsvc/crowd')
  await untilMeshIs(cluster, atAll, 120_000)
})
