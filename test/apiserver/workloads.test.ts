import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { eventually } from '#test/local/nsm.ts'
import { useCluster } from './cluster.ts'
import { startControllers } from './controllers.ts'
import { kubectl } from './kubectl.ts'
import { create, cronJob, merge, type Read, read, servicesKey, workload } from './objects.ts'
import { type Registration, register } from './register.ts'
import { startWebhook } from './webhook.ts'

const cluster = await useCluster()
const { api } = cluster
const held = new AsyncDisposableStack()
let registration: Registration

beforeAll(async () => {
  held.use(startControllers(cluster))
  const webhook = held.use(await startWebhook())
  registration = held.use(await register(cluster, webhook))
})
afterAll(() => held.disposeAsync())

/** A namespace, kubectl within it, and its Deployment `web`. */
async function arrange() {
  const namespace = await cluster.newNamespace('work')
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
  return {
    namespace,
    path,
    run: (args: string, input?: string) => kubectl(cluster, ['-n', namespace, ...args.split(' ')], input),
    web: () => read(api, `${path}/web`),
    /** Once the controllers have seen it. */
    settled: () =>
      eventually('the Deployment is observed', async () => {
        const found = await read(api, `${path}/web`)
        const { observedGeneration } = (found['status'] ?? {}) as { observedGeneration?: number }
        return observedGeneration === found.metadata.generation ? found : undefined
      }),
  }
}

function services({ spec }: Read): string | undefined {
  return spec.template.metadata.annotations?.[servicesKey]
}

const deployment = (annotations?: object) =>
  workload('Deployment', annotations === undefined ? {} : { annotations })

describe('a workload whose own metadata asks for services', () => {
  it.each([
    { kind: 'Deployment', path: 'apps/v1/namespaces/NS/deployments' },
    { kind: 'StatefulSet', path: 'apps/v1/namespaces/NS/statefulsets' },
    { kind: 'DaemonSet', path: 'apps/v1/namespaces/NS/daemonsets' },
  ] as const)(
    '$kind: its template asks from the first on, and holds nothing that is injected',
    async ({ kind, path }) => {
      const at = `/apis/${path.replace('NS', await cluster.newNamespace('work'))}`
      const made = await create(api, at, workload(kind, { annotations: { [servicesKey]: 'vpn' } }))
      expect(services(made)).toBe('vpn')
      expect(made.spec.template.spec.initContainers).toBeUndefined()
      expect(Object.keys(made.spec.template.metadata.annotations ?? {})).toEqual([servicesKey])
    },
  )

  it('CronJob: its template asks, two levels down', async () => {
    const at = `/apis/batch/v1/namespaces/${await cluster.newNamespace('work')}/cronjobs`
    const made = await create(api, at, cronJob({ annotations: { [servicesKey]: 'vpn' } }))
    expect(made.spec).toMatchObject({
      jobTemplate: { spec: { template: { metadata: { annotations: { [servicesKey]: 'vpn' } } } } },
    })
  })

  it('its pods are injected, once', async () => {
    const { namespace, path } = await arrange()
    await create(api, path, deployment({ [servicesKey]: 'vpn' }))
    const pods = await eventually('a pod', async () => {
      const list = await read(api, `/api/v1/namespaces/${namespace}/pods`)
      const items = list['items'] as readonly Read[]
      return items.length > 0 ? items : undefined
    })
    expect(pods[0]?.spec.initContainers?.map(({ name }) => name)).toEqual(['nsm-init'])
  })
})

describe('kubectl', () => {
  it('annotate: the template follows a new value, another value, and its removal; each rolls out', async () => {
    const { path, run, web, settled } = await arrange()
    const { metadata } = await create(api, path, deployment())
    await run(`annotate deployment web ${servicesKey}=one`)
    expect(services(await settled())).toBe('one')
    await run(`annotate --overwrite deployment web ${servicesKey}=two?app=firewall`)
    expect(services(await settled())).toBe('two?app=firewall')
    await run(`annotate deployment web ${servicesKey}-`)
    const last = await settled()
    expect(services(last)).toBeUndefined()
    expect(last.metadata.generation).toBe((metadata.generation ?? 0) + 3)
    const sets = (await run('get replicasets -o name')).trim().split('\n')
    expect(sets, 'the last template is the first one').toHaveLength(3)
    expect(services(await web())).toBeUndefined()
  })

  it('annotate with a wrong value is refused with the reason, and changes nothing', async () => {
    const { path, run, web } = await arrange()
    const { metadata } = await create(api, path, deployment())
    await expect(run(`annotate deployment web ${servicesKey}=vpn/way-too-long-interface`)).rejects.toThrow(
      /entry 1/,
    )
    expect((await web()).metadata.resourceVersion).toBeDefined()
    expect((await web()).metadata.generation).toBe(metadata.generation)
  })

  it('annotate --dry-run=server shows what would be, and changes nothing', async () => {
    const { path, run, web } = await arrange()
    await create(api, path, deployment())
    const shown = await run(`annotate deployment web ${servicesKey}=vpn --dry-run=server -o json`)
    expect(services(JSON.parse(shown) as Read)).toBe('vpn')
    expect(services(await web())).toBeUndefined()
  })

  it('rollout restart and set image leave the services as they are', async () => {
    const { path, run, web } = await arrange()
    await create(api, path, deployment({ [servicesKey]: 'vpn' }))
    await run('rollout restart deployment web')
    await run('set image deployment/web web=nginx:2')
    const now = await web()
    expect(services(now)).toBe('vpn')
    expect(now.spec.template.spec.initContainers).toBeUndefined()
  })

  it('rollout undo takes back an image, and the services stay those of the workload', async () => {
    const { path, run, settled } = await arrange()
    await create(api, path, deployment({ [servicesKey]: 'vpn' }))
    await settled()
    await run('set image deployment/web web=nginx:2')
    await settled()
    await run('rollout undo deployment web')
    const now = await settled()
    expect(now.spec.template.spec).toMatchObject({ containers: [{ image: 'nginx' }] })
    expect(services(now)).toBe('vpn')
  })

  it('rollout undo beyond the annotation gives one answer, and it stays', async () => {
    const { path, run, settled } = await arrange()
    await create(api, path, deployment())
    await settled()
    await run(`annotate deployment web ${servicesKey}=vpn`)
    await settled()
    await run('rollout undo deployment web').catch((error: unknown) => String(error))
    const undone = await settled()
    const own = undone.metadata.annotations?.[servicesKey]
    expect(services(undone), 'template and workload agree').toBe(own)
  })

  it('server-side apply: the template follows what is applied, and later applies do not conflict', async () => {
    const { run, web } = await arrange()
    const apply = (annotations: object, image = 'nginx') => {
      const object = deployment(annotations)
      const template = { ...object.spec.template, spec: { containers: [{ name: 'web', image }] } }
      return run('apply --server-side -f -', stringify({ ...object, spec: { ...object.spec, template } }))
    }
    await apply({ [servicesKey]: 'one' })
    expect(services(await web())).toBe('one')
    await apply({ [servicesKey]: 'two' })
    expect(services(await web())).toBe('two')
    await apply({ [servicesKey]: 'two' }, 'nginx:2')
    expect(services(await web())).toBe('two')
    await apply({})
    expect(services(await web())).toBeUndefined()
  })

  it('client-side apply: the same', async () => {
    const { run, web } = await arrange()
    const apply = (annotations: object) => run('apply -f -', stringify(deployment(annotations)))
    await apply({ [servicesKey]: 'one' })
    expect(services(await web())).toBe('one')
    await apply({ [servicesKey]: 'two' })
    expect(services(await web())).toBe('two')
    await apply({})
    expect(services(await web())).toBeUndefined()
  })

  it('replace: the same', async () => {
    const { path, run, web } = await arrange()
    await create(api, path, deployment({ [servicesKey]: 'one' }))
    await run('replace -f -', stringify(deployment({ [servicesKey]: 'two' })))
    expect(services(await web())).toBe('two')
    await run('replace -f -', stringify(deployment()))
    expect(services(await web())).toBeUndefined()
  })

  it('diff shows nothing after an apply', async () => {
    const { run } = await arrange()
    const text = stringify(deployment({ [servicesKey]: 'one' }))
    await run('apply --server-side -f -', text)
    expect(await run('diff --server-side -f -', text)).toBe('')
  })

  it('a template that asks by itself is left alone when its workload’s labels change', async () => {
    const { path, web } = await arrange()
    const object = deployment()
    const template = {
      ...object.spec.template,
      metadata: { labels: { app: 'web' }, annotations: { [servicesKey]: 'own' } },
    }
    await create(api, path, { ...object, spec: { ...object.spec, template } })
    await merge(api, `${path}/web`, { metadata: { labels: { a: 'b' } } })
    expect(services(await web())).toBe('own')
    expect(registration.name).toMatch(/^nsm-webhook-/)
  })
})
