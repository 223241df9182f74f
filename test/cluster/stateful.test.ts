import { beforeAll, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { runCli } from './run-cli.ts'
import { clientDeployment, endpointDeployment, groundOf } from './use.ts'

const cluster = await useCluster()

beforeAll(() => cluster.install())

/** Ids of the connections of a service, as `nsm connections` lists them. */
async function connectionsOf(service: string): Promise<readonly string[]> {
  const { out } = await runCli(cluster, `connections --json --kubeconfig ${cluster.kubeconfig}`)
  const { connections } = JSON.parse(out) as { readonly connections: readonly Listed[] }
  return connections.flatMap(({ connection }) =>
    connection.networkService === service ? [connection.id] : [],
  )
}

interface Listed {
  readonly connection: { readonly id: string; readonly networkService: string }
}

it('a pod of a StatefulSet that is made again under its name gets a connection of its own', async () => {
  const namespace = await cluster.newNamespace('stateful')
  const { get, rolledOut, links, ping } = groundOf(cluster, namespace)
  await cluster.apply(
    endpointDeployment({ name: 'server', service: 'kept', addresses: '10.63.5.0/24' }),
    namespace,
  )
  const set = clientDeployment({ name: 'web', service: 'kept', spec: 'serviceName: web' })
  await cluster.apply(set.replace('kind: Deployment', 'kind: StatefulSet'), namespace)
  const [first] = await rolledOut('statefulset/web')
  const [before] = await connectionsOf('kept')
  await ping('web-0', 'nsm0', 'deploy/server')
  await get('delete pod web-0')
  const second = await cluster.waitFor(
    async () => {
      const [pod] = await rolledOut('statefulset/web')
      return pod?.metadata.uid !== first?.metadata.uid && pod
    },
    { what: 'web-0 is another pod', within: 90_000 },
  )
  expect(second.metadata.name).toBe('web-0')
  await ping('web-0', 'nsm0', 'deploy/server')
  const [after, ...others] = await cluster.waitFor(
    async () => {
      const now = await connectionsOf('kept')
      return now.length === 1 && now
    },
    { what: 'one connection is left' },
  )
  expect(others).toEqual([])
  expect(after).not.toBe(before)
  expect(await links('deploy/server')).toHaveLength(2)
})

it('clients stay with the endpoint that lives when it is scaled to two and back', async () => {
  const namespace = await cluster.newNamespace('stateful')
  const { get, rolledOut, pods, links, ping } = groundOf(cluster, namespace)
  await cluster.apply(
    endpointDeployment({ name: 'server', service: 'scaled', addresses: '10.63.6.0/24' }),
    namespace,
  )
  const [first] = await rolledOut('deployment/server')
  await cluster.apply(clientDeployment({ name: 'web', service: 'scaled' }), namespace)
  const [client] = await rolledOut('deployment/web')
  const web = client?.metadata.name ?? ''
  await get('scale deployment server --replicas=2')
  await rolledOut('deployment/server')
  await cluster.waitFor(async () => (await get('get nse -o name')).trim().split('\n').length === 2, {
    what: 'both endpoints are known',
  })
  // The one that the client has is to stay, whatever the order in which pods are taken away.
  const other = (await pods('server')).find(({ metadata }) => metadata.name !== first?.metadata.name)
  await get(`annotate pod ${other?.metadata.name} controller.kubernetes.io/pod-deletion-cost=-100`)
  await get('scale deployment server --replicas=1')
  const [left] = await rolledOut('deployment/server')
  expect(left?.metadata.name).toBe(first?.metadata.name)
  expect((await pods('web')).map(({ metadata }) => metadata.name)).toEqual([web])
  expect(await links(web)).toEqual(['eth0', 'nsm0'])
  await ping(web, 'nsm0', left?.metadata.name)
  // And new ones go there too.
  await get('scale deployment web --replicas=3')
  for (const { metadata } of await rolledOut('deployment/web'))
    await ping(metadata.name, 'nsm0', left?.metadata.name)
})
