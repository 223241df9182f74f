import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { eventually } from '#test/local/nsm.ts'
import { useCluster } from './cluster.ts'
import { create, cronJob, merge, pod, read, servicesKey, workload } from './objects.ts'
import { prependingWebhook } from './prepending-webhook.ts'
import { type Entry, register } from './register.ts'
import { startWebhook, type Webhook } from './webhook.ts'

const cluster = await useCluster()
const { api } = cluster
const asks = { annotations: { [servicesKey]: 'vpn-gateway/vpn0' } }
let webhook: Webhook

beforeAll(async () => {
  webhook = await startWebhook()
})
afterAll(() => webhook?.[Symbol.asyncDispose]())

/** `/api/v1/namespaces/NAME` of a new namespace. */
async function namespace(): Promise<string> {
  return `/api/v1/namespaces/${await cluster.newNamespace('pods')}`
}

describe('a webhook that answers', () => {
  it.each(['v1', 'v1beta1'])('injects a pod, asked in %s', async version => {
    await using _ = await register(cluster, webhook, entry => ({
      ...entry,
      admissionReviewVersions: [version],
    }))
    const path = `${await namespace()}/pods`
    const { metadata, spec } = await create(api, path, pod(asks))
    expect(spec.initContainers?.map(({ name }) => name)).toEqual(['nsm-init'])
    expect(metadata.annotations).toHaveProperty('networkservicemesh.io/status')
    expect(await read(api, `${path}/web`)).toMatchObject({ spec: { initContainers: [{ name: 'nsm-init' }] } })
  })

  it('is not asked about a pod that asks for nothing', async () => {
    await using _ = await register(cluster, webhook)
    const name = await cluster.newNamespace('pods')
    const path = `/api/v1/namespaces/${name}/pods`
    const made = await create(api, path, pod({ annotations: { other: 'x' } }))
    expect(made.spec.initContainers).toBeUndefined()
    // Lines come in order and a moment late: when the next one is there, one before it would be.
    await create(api, path, pod({ ...asks, name: 'next' }))
    const lines = () => webhook.log.filter(({ namespace: of }) => of === name)
    await vi.waitFor(() => expect(lines()).not.toEqual([]), { timeout: 10_000 })
    expect(lines().map(({ object }) => object)).toEqual([`Pod ${name}/next`])
  })

  it('refuses a pod whose annotation is wrong, with the reason that the user sees', async () => {
    await using _ = await register(cluster, webhook)
    const wrong = pod({ annotations: { [servicesKey]: 'a/way-too-long-interface' } })
    await expect(create(api, `${await namespace()}/pods`, wrong)).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(
        /admission webhook "pods\.networkservicemesh\.io" denied the request.*entry 1/,
      ),
    })
  })

  it('stores nothing on a dry run, and answers the same', async () => {
    await using _ = await register(cluster, webhook)
    const path = `${await namespace()}/pods`
    const dry = await create(api, `${path}?dryRun=All`, pod(asks))
    expect(dry.spec.initContainers).toHaveLength(1)
    await expect(read(api, `${path}/web`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await create(api, path, pod(asks))).spec.initContainers).toEqual(dry.spec.initContainers)
  })

  it('keeps every field of the pod that the API server takes', async () => {
    const full = pod(
      {
        name: 'full',
        labels: { app: 'web', 'example.org/a.b_c-D': 'x' },
        annotations: { 'example.org/json': '{"a":["~1/"]}', 'example.org/long': 'é'.repeat(5_000) },
        finalizers: ['example.org/keep'],
      },
      {
        containers: [
          {
            name: 'web',
            image: 'nginx',
            env: Array.from({ length: 200 }, (_, index) => ({ name: `V${index}`, value: `"${index}\u2028` })),
            resources: { limits: { cpu: '1500m', memory: '1Gi' }, requests: { cpu: '0.5', memory: '1Gi' } },
            resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
          },
        ],
        initContainers: [{ name: 'own', image: 'busybox', restartPolicy: 'Always' }],
        volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }],
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'zone',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: { app: 'web' } },
          },
        ],
        schedulingGates: [{ name: 'example.org/gate' }],
      },
    )
    const path = `${await namespace()}/pods`
    const plain = await create(api, `${path}?dryRun=All`, full)
    await using _ = await register(cluster, webhook)
    const { annotations } = full.metadata as unknown as { readonly annotations: object }
    const injected = await create(api, path, {
      ...full,
      metadata: { ...full.metadata, annotations: { ...annotations, ...asks.annotations } },
    })
    expect(injected.spec.initContainers?.map(({ name }) => name)).toEqual(['nsm-init', 'own'])
    const { initContainers, ...spec } = injected.spec
    const { initContainers: own, ...plainSpec } = plain.spec
    expect(spec).toEqual(plainSpec)
    expect(initContainers?.slice(1)).toEqual(own)
    expect(injected.metadata.annotations).toMatchObject(annotations)
    await merge(api, `${path}/full`, { metadata: { finalizers: null } })
  })

  it.each(['Ignore', 'Warn'])(
    'takes a pod with fields that nobody knows when the user wants %s',
    async validation => {
      await using _ = await register(cluster, webhook)
      const future = pod(asks, {
        futureField: { deep: [1] },
        containers: [{ name: 'web', image: 'nginx', future: 'x' }],
      })
      const made = await create(api, `${await namespace()}/pods?fieldValidation=${validation}`, future)
      expect(made.spec.initContainers).toHaveLength(1)
    },
  )
})

describe('a webhook among others', () => {
  it.each([
    { position: undefined, names: ['nsm-init', 'theirs', 'own'] },
    { position: 'last', names: ['theirs', 'own', 'nsm-init'] },
    { position: 'after:own', names: ['theirs', 'own', 'nsm-init'] },
    { position: 'before:own', names: ['theirs', 'nsm-init', 'own'] },
  ])('is asked again when one puts a container in front, and keeps its place: $position', async row => {
    await using _ = await register(cluster, webhook)
    await using __ = await prependingWebhook(cluster)
    const position = row.position === undefined ? {} : { 'networkservicemesh.io/init-position': row.position }
    const own = { name: 'own', image: 'nginx' }
    const wanted = pod(
      { annotations: { ...asks.annotations, ...position }, labels: { prepend: 'yes' } },
      { initContainers: [own] },
    )
    const made = await create(api, `${await namespace()}/pods`, wanted)
    expect(made.spec.initContainers?.map(({ name }) => name)).toEqual(row.names)
  })

  it('makes pods that a quota takes, when the pods state what it asks for', async () => {
    await using _ = await register(cluster, webhook)
    const path = await namespace()
    await create(api, `${path}/resourcequotas`, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'all' },
      spec: {
        hard: { 'limits.cpu': '4', 'limits.memory': '4Gi', 'requests.cpu': '4', 'requests.memory': '4Gi' },
      },
    })
    const resources = {
      limits: { cpu: '1', memory: '1Gi' },
      requests: { cpu: '100m', memory: '64Mi' },
    }
    const stated = pod(asks, { containers: [{ name: 'web', image: 'nginx', resources }] })
    // The quota counts once its controller, which does not run here, has said what is used.
    const status = {
      status: {
        hard: { 'limits.cpu': '4', 'limits.memory': '4Gi' },
        used: { 'limits.cpu': '0', 'limits.memory': '0' },
      },
    }
    await merge(api, `${path}/resourcequotas/all/status`, status)
    await eventually('the quota is in force', async () =>
      create(api, `${path}/pods?dryRun=All`, pod()).then(
        () => undefined,
        (error: unknown) => (String(error).includes('must specify limits') ? true : undefined),
      ),
    )
    expect((await create(api, `${path}/pods`, stated)).spec.initContainers).toHaveLength(1)
  })
})

describe('a webhook that is down', () => {
  const ignore = (entry: Entry) => ({ ...entry, failurePolicy: 'Ignore' })

  beforeAll(async () => {
    expect(await webhook.stop()).toBe(0)
  })
  afterAll(() => webhook.start())

  it.each([
    { name: 'a pod', path: '/pods', object: pod() },
    { name: 'a pod with other annotations', path: '/pods', object: pod({ annotations: { a: 'b' } }) },
    {
      name: 'a mirror pod',
      path: '/pods',
      object: pod(
        { annotations: { ...asks.annotations, 'kubernetes.io/config.mirror': 'x' } },
        { nodeName: 'node' },
      ),
    },
    { name: 'a Deployment', path: '/deployments', object: workload('Deployment') },
    { name: 'a StatefulSet', path: '/statefulsets', object: workload('StatefulSet') },
    { name: 'a DaemonSet', path: '/daemonsets', object: workload('DaemonSet') },
    { name: 'a CronJob', path: '/cronjobs', object: cronJob() },
  ])('stands in the way of nothing that asks for nothing: $name', async ({ path, object }) => {
    await using _ = await register(cluster, webhook)
    const at = `${groupOf(object)}/namespaces/${await cluster.newNamespace('down')}${path}`
    await create(api, at, object)
    await merge(api, `${at}/web`, { metadata: { labels: { changed: 'yes' } } })
  })

  it('Fail: a pod that asks for services is not made', async () => {
    await using _ = await register(cluster, webhook)
    await expect(create(api, `${await namespace()}/pods`, pod(asks))).rejects.toMatchObject({
      status: 500,
      message: expect.stringContaining('failed calling webhook "pods.networkservicemesh.io"'),
    })
  })

  it('Fail: a Deployment that asks for services is not made', async () => {
    await using _ = await register(cluster, webhook)
    const path = `/apis/apps/v1/namespaces/${await cluster.newNamespace('down')}/deployments`
    await expect(create(api, path, workload('Deployment', asks))).rejects.toMatchObject({
      message: expect.stringContaining('failed calling webhook "workloads.networkservicemesh.io"'),
    })
  })

  it('lets what asked for services end: a Deployment that waits for its finalizer', async () => {
    const at = `/apis/apps/v1/namespaces/${await cluster.newNamespace('down')}/deployments`
    await create(api, at, workload('Deployment', { ...asks, finalizers: ['test.example/wait'] }))
    await using _ = await register(cluster, webhook)
    await api.call({ method: 'DELETE', path: `${at}/web`, signal: new AbortController().signal })
    await merge(api, `${at}/web`, { metadata: { finalizers: null } })
    await expect(read(api, `${at}/web`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('Ignore: a pod that asks for services is made without them', async () => {
    await using _ = await register(cluster, webhook, ignore)
    const made = await create(api, `${await namespace()}/pods`, pod(asks))
    expect(made.spec.initContainers).toBeUndefined()
  })

  it.each(['kube-system', 'kube-public'])('Fail: pods of %s are made all the same', async name => {
    await using _ = await register(cluster, webhook)
    await create(api, `/api/v1/namespaces/${name}/pods?dryRun=All`, pod(asks))
  })

  it('Fail: pods of the mesh itself are made all the same', async () => {
    await using _ = await register(cluster, webhook)
    const labels = { 'app.kubernetes.io/part-of': 'nsm' }
    await create(api, `${await namespace()}/pods`, pod({ ...asks, labels }))
  })
})

function groupOf({ apiVersion }: { readonly apiVersion: string }): string {
  return apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
}
