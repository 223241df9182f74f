import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { folder, nsm } from '#cli/inject/command.fixture.ts'
import { useCluster } from './cluster.ts'
import { kubectl } from './kubectl.ts'
import { cronJob, pod, type Read, servicesKey, workload } from './objects.ts'
import { register } from './register.ts'
import { startWebhook, type Webhook } from './webhook.ts'

const cluster = await useCluster()
const kubeconfig = join(cluster.folder, 'admin.kubeconfig')
const asks = { annotations: { [servicesKey]: 'vpn-gateway/vpn0' } }
let webhook: Webhook

beforeAll(async () => {
  webhook = await startWebhook({ TAG: 'latest' })
})
afterAll(() => webhook?.[Symbol.asyncDispose]())

/** Runs a command over a text, as a pipe would. */
async function pipe(command: 'inject' | 'uninject', text: string): Promise<string> {
  using work = folder({ 'x.yaml': text })
  const { out, exit, report } = await nsm(command, join(work.path, 'x.yaml'))
  expect({ exit, report }).toMatchObject({ exit: 0 })
  return out
}

/** An object as the cluster has it, as text. */
function get(namespace: string, name: string): Promise<string> {
  return kubectl(cluster, ['get', '-n', namespace, name, '-o', 'yaml'])
}

function apply(namespace: string, text: string): Promise<string> {
  return kubectl(cluster, ['apply', '-n', namespace, '-f', '-'], text)
}

/** What a person means by the object: what the cluster adds by itself differs from object to object. */
function meant(text: string) {
  const { metadata, spec } = parse(text) as Read
  const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...annotations } = metadata.annotations ?? {}
  return { annotations, spec }
}

describe('a pod of a cluster', () => {
  it('is without its injection what it is where no webhook is', async () => {
    const [plain, injected] = [await cluster.newNamespace('plain'), await cluster.newNamespace('injected')]
    const manifest = stringify(pod(asks, { initContainers: [{ name: 'wait', image: 'wait' }] }))
    await apply(plain, manifest)
    await using _ = await register(cluster, webhook)
    await apply(injected, manifest)
    const live = await get(injected, 'pod/web')
    expect(live).toContain('name: nsm-init')
    expect(meant(await pipe('uninject', live))).toEqual(meant(await get(plain, 'pod/web')))
  })

  it('is the same whether nsm inject or the webhook has rendered it, and the webhook leaves it alone', async () => {
    const [offline, both, online] = [
      await cluster.newNamespace('offline'),
      await cluster.newNamespace('both'),
      await cluster.newNamespace('online'),
    ]
    const manifest = stringify(pod(asks))
    const rendered = await pipe('inject', manifest)
    await apply(offline, rendered)
    await using _ = await register(cluster, webhook)
    await apply(both, rendered)
    await apply(online, manifest)
    const expected = meant(await get(online, 'pod/web'))
    expect(meant(await get(offline, 'pod/web'))).toEqual(expected)
    expect(meant(await get(both, 'pod/web'))).toEqual(expected)
  })

  it.each([
    {
      story: 'that was annotated where no webhook is',
      metadata: asks,
      says: 'not injected: the cluster has no entry',
    },
    { story: 'that asks for nothing', metadata: {}, says: 'not injected: no-annotation' },
  ])('$story is explained', async ({ metadata, says }) => {
    const namespace = await cluster.newNamespace('explained')
    await apply(namespace, stringify(pod(metadata)))
    const ran = await nsm('check-inject', 'web', '-n', namespace, '--kubeconfig', kubeconfig)
    expect(ran.exit).toBe(1)
    expect(ran.out).toContain(says)
  })

  it('that the webhook has injected is explained, and one that is not there is an error', async () => {
    const namespace = await cluster.newNamespace('explained')
    await using _ = await register(cluster, webhook)
    await apply(namespace, stringify(pod(asks)))
    const explain = (target: string) =>
      nsm('check-inject', target, '-n', namespace, '--kubeconfig', kubeconfig)
    const ran = await explain('pod/web')
    expect(ran).toMatchObject({ exit: 0, report: '' })
    expect(ran.out).toContain(': injected: as these settings want it\n')
    expect(await explain('pod/none')).toMatchObject({ exit: 68, out: '' })
  })
})

describe('workloads', () => {
  it.each([
    workload('Deployment', asks),
    workload('StatefulSet', asks),
    workload('DaemonSet', asks),
    cronJob(asks),
  ])(
    'nsm inject renders a $kind that the API server takes, and uninject cleans the live one',
    async object => {
      const [plain, rendered] = [await cluster.newNamespace('plain'), await cluster.newNamespace('rendered')]
      const manifest = stringify(object)
      await apply(plain, manifest)
      await apply(rendered, await pipe('inject', manifest))
      const name = `${object.kind.toLowerCase()}/web`
      const live = await get(rendered, name)
      expect(live).toContain('name: nsm-init')
      expect(meant(await pipe('uninject', live)).spec).toEqual(meant(await get(plain, name)).spec)
      const ran = await nsm('check-inject', name, '-n', plain, '--kubeconfig', kubeconfig)
      expect(ran.exit).toBe(0)
      expect(ran.out).toContain('would be injected')
    },
  )
})
