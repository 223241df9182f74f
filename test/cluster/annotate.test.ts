import { beforeAll, describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { clientDeployment, endpointDeployment, groundOf } from './use.ts'

const cluster = await useCluster()

beforeAll(() => cluster.install())

const annotation = 'ns.networkservicemesh.io'

/** Two services, `red` and `blue`, and a Deployment `web` that is not annotated unless told. */
async function arrange(service?: string, spec = '') {
  const namespace = await cluster.newNamespace('annotate')
  const ground = groundOf(cluster, namespace)
  const red = endpointDeployment({ name: 'red', service: 'red', addresses: '10.63.1.0/24' })
  const blue = endpointDeployment({ name: 'blue', service: 'blue', addresses: '10.63.2.0/24' })
  await cluster.apply(`${red}---${blue}`, namespace)
  await ground.rolledOut('deployment/red')
  await ground.rolledOut('deployment/blue')
  await cluster.apply(
    clientDeployment({ name: 'web', spec, ...(service === undefined ? {} : { service }) }),
    namespace,
  )
  const web = async () => (await ground.rolledOut('deployment/web')).map(({ metadata }) => metadata.name)
  /** Until an endpoint has no more links of ours than that. */
  const linksAt = (app: string, count: number) =>
    cluster.waitFor(async () => (await ground.links(`deploy/${app}`)).length === 1 + count, {
      what: `${app} has ${count} links`,
    })
  return { namespace, ground, web, linksAt }
}

describe('kubectl annotate deployment', () => {
  it('adds, changes and removes interfaces by roll-outs; the links of old pods go', async () => {
    const { ground, web, linksAt } = await arrange()
    const [plain = ''] = await web()
    expect(await ground.links(plain)).toEqual(['eth0'])

    await ground.get(`annotate deployment web ${annotation}=red`)
    const [added = ''] = await web()
    expect(await ground.links(added)).toEqual(['eth0', 'nsm0'])
    await ground.ping(added, 'nsm0', 'deploy/red')

    await ground.get(`annotate --overwrite deployment web ${annotation}=blue/up0,red/down0`)
    const [changed = ''] = await web()
    expect(await ground.links(changed)).toEqual(['down0', 'eth0', 'up0'])
    await ground.ping(changed, 'up0', 'deploy/blue')
    await ground.ping(changed, 'down0', 'deploy/red')
    await linksAt('red', 1)

    await ground.get(`annotate deployment web ${annotation}-`)
    const [removed = ''] = await web()
    expect(await ground.links(removed)).toEqual(['eth0'])
    expect(await ground.get(`get pod ${removed} -o jsonpath={.spec.initContainers}`)).toBe('')
    await linksAt('red', 0)
    await linksAt('blue', 0)
  })

  it('is answered at once when the value cannot be, and the workload stays as it is', async () => {
    const { ground, web } = await arrange('red')
    const [before] = await web()
    const said = await ground
      .get(`annotate --overwrite deployment web ${annotation}=red/a-name-that-is-far-too-long`)
      .then(String, String)
    expect(said).toContain('a-name-that-is-far-too-long')
    expect(await web()).toEqual([before])
  })
})

describe('kubectl annotate', () => {
  it.each(['StatefulSet', 'DaemonSet'])('of a %s rolls its pods out, wired', async kind => {
    const { namespace, ground } = await arrange()
    const spec = kind === 'StatefulSet' ? 'serviceName: other' : ''
    const other = clientDeployment({ name: 'other', spec }).replace('kind: Deployment', `kind: ${kind}`)
    await cluster.apply(other, namespace)
    await ground.rolledOut(`${kind}/other`)
    await ground.get(`annotate ${kind} other ${annotation}=red`)
    for (const { metadata } of await ground.rolledOut(`${kind}/other`)) {
      expect(await ground.links(metadata.name)).toEqual(['eth0', 'nsm0'])
      await ground.ping(metadata.name, 'nsm0', 'deploy/red')
    }
  })

  it('of a namespace is for its pods that are made after that', async () => {
    const { namespace, ground, web } = await arrange()
    const [before = ''] = await web()
    await cluster.kubectl(`annotate namespace ${namespace} ${annotation}=red`)
    expect(await ground.links(before)).toEqual(['eth0'])
    await ground.get('rollout restart deployment web')
    const [after = ''] = await web()
    await ground.ping(after, 'nsm0', 'deploy/red')
  })
})

describe('kubectl rollout', () => {
  it('restart and undo: new pods are wired, the links of old ones go', async () => {
    const { ground, web, linksAt } = await arrange('red')
    const [first = ''] = await web()
    await ground.get('rollout restart deployment web')
    const [second = ''] = await web()
    expect(second).not.toBe(first)
    await ground.ping(second, 'nsm0', 'deploy/red')
    await linksAt('red', 1)

    await ground.get(`annotate --overwrite deployment web ${annotation}=blue`)
    const [third = ''] = await web()
    await ground.ping(third, 'nsm0', 'deploy/blue')
    // kubectl takes the annotations of the Deployment back too.
    await ground.get('rollout undo deployment web')
    const [undone = ''] = await web()
    await ground.ping(undone, 'nsm0', 'deploy/red')
    await linksAt('red', 1)
    await linksAt('blue', 0)
    const annotations = await ground.get('get deployment web -o jsonpath={.metadata.annotations}')
    expect(annotations).toContain(`"${annotation}":"red"`)
  })

  it('with surge: a new pod is wired before its predecessor ends, and no address is there twice', async () => {
    const surge = '{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}'
    const { ground, web, linksAt } = await arrange('red', `replicas: 3\n  strategy: ${surge}`)
    await web()
    await ground.get('rollout restart deployment web')
    const seen = new Set<string>()
    const isDone = async () => {
      const pods = await ground.pods('web')
      const ready = pods.filter(({ status }) =>
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      )
      expect(ready.length, 'never fewer than were asked for').toBeGreaterThanOrEqual(3)
      const addresses = await Promise.all(
        // One that ends while it is asked has no address to tell.
        ready.map(({ metadata }) => ground.address(metadata.name, 'nsm0').catch(() => '')),
      )
      const told = addresses.filter(address => address !== '')
      expect(new Set(told).size).toBe(told.length)
      for (const { metadata } of ready) seen.add(metadata.name)
      const status = await ground.get('rollout status deployment web --watch=false')
      return status.includes('successfully rolled out')
    }
    // What is expected on the way fails the test at once.
    let failed: unknown
    await cluster.waitFor(
      async () =>
        isDone().catch((thrown: unknown) => {
          failed = thrown
          return true
        }),
      { what: 'web is rolled out', within: 120_000 },
    )
    expect(failed).toBeUndefined()
    expect(seen.size).toBeGreaterThan(3)
    for (const pod of await web()) await ground.ping(pod, 'nsm0', 'deploy/red')
    await linksAt('red', 3)
  })
})
