import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '#test/local/nsm.ts'
import { useCluster } from './cluster.ts'
import { startControllers } from './controllers.ts'
import { create, cronJob, merge, type Read, read, servicesKey, workload } from './objects.ts'
import { register } from './register.ts'
import { startWebhook, type Webhook } from './webhook.ts'

/** How long nothing may happen, in milliseconds; resyncs of controllers that fight come within a second. */
const quiet = Number(process.env['NSM_SOAK_SECONDS'] ?? '8') * 1_000

const cluster = await useCluster()
const { api } = cluster
const held = new AsyncDisposableStack()
let webhook: Webhook

beforeAll(async () => {
  held.use(startControllers(cluster))
  webhook = held.use(await startWebhook())
  held.use(await register(cluster, webhook))
})
afterAll(() => held.disposeAsync())

it('no controller spins: once every workload is rolled out, nothing changes and nobody asks the webhook', async () => {
  const namespace = await cluster.newNamespace('soak')
  const apps = `/apis/apps/v1/namespaces/${namespace}`
  const batch = `/apis/batch/v1/namespaces/${namespace}`
  await create(api, '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'soak' } })
  // A new node is tainted until its kubelet says that it is ready; this one has none.
  await merge(api, '/api/v1/nodes/soak', { spec: { taints: null } })
  const asks = { annotations: { [servicesKey]: 'vpn' } }
  await create(api, `${apps}/deployments`, workload('Deployment', asks))
  await create(api, `${apps}/statefulsets`, workload('StatefulSet', asks))
  await create(api, `${apps}/daemonsets`, workload('DaemonSet', asks))
  await create(api, `${batch}/cronjobs`, cronJob(asks))
  await create(api, `${batch}/jobs`, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once', ...asks },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'web', image: 'nginx' }] } } },
  })
  const lists = [
    `${apps}/deployments`,
    `${apps}/replicasets`,
    `${apps}/statefulsets`,
    `${apps}/daemonsets`,
    `${batch}/jobs`,
    `/api/v1/namespaces/${namespace}/pods`,
  ]
  await eventually('a pod of each of Deployment, StatefulSet, DaemonSet and Job', async () =>
    (await versions([`/api/v1/namespaces/${namespace}/pods`])).length >= 4 ? true : undefined,
  )
  // A change while they run, as a user makes one.
  for (const kind of ['deployments', 'statefulsets', 'daemonsets'])
    await merge(api, `${apps}/${kind}/web`, { metadata: { annotations: { [servicesKey]: 'vpn, lan' } } })
  await eventually('all of them at rest', async () => {
    const before = await versions(lists)
    await wait(1_500)
    return JSON.stringify(before) === JSON.stringify(await versions(lists)) ? true : undefined
  })

  // Lines of reviews have a uid.
  const asked = () => webhook.log.filter(line => line['uid'] !== undefined).map(line => line['object'])
  const before = { versions: await versions(lists), asked: asked(), cron: await jobsOf(batch) }
  await wait(quiet)
  const after = { versions: await versions(lists), asked: asked(), cron: await jobsOf(batch) }
  // The minute may have come round: the one Job more that the CronJob then makes is no spin.
  const made = after.cron - before.cron
  expect(made).toBeLessThanOrEqual(Math.ceil(quiet / 60_000))
  const questions = after.asked.slice(before.asked.length)
  // One more may be about the pod of a Job that was made just before the first look.
  expect(questions.length, `questions to the webhook: ${questions.join(', ')}`).toBeLessThanOrEqual(made + 1)
  const known = new Map(before.versions)
  expect(after.versions.filter(([name, version]) => known.has(name) && known.get(name) !== version)).toEqual(
    [],
  )
  for (const kind of ['deployments', 'statefulsets', 'daemonsets']) {
    const { metadata } = await read(api, `${apps}/${kind}/web`)
    expect(metadata.generation, `${kind}: one for its making, one for its change`).toBe(2)
  }
})

/** Name and version of every object in the lists. */
async function versions(paths: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  const lists = await Promise.all(paths.map(path => read(api, path)))
  return lists.flatMap((list, index) =>
    (list['items'] as readonly Read[]).map(
      ({ metadata }) => [`${paths[index] ?? ''}/${metadata.name}`, metadata.resourceVersion] as const,
    ),
  )
}

async function jobsOf(batch: string): Promise<number> {
  return (await versions([`${batch}/jobs`])).length
}
