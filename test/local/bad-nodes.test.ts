import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientPod, endpointPod, Manifests, serviceObject } from './fixture.ts'
import { meshNamed, podsOf } from './nsm.ts'

const mesh = meshNamed('t-bad-nodes')
const manifests = new Manifests()

describe('what nodes there cannot be', () => {
  it.each([
    { args: ['--nodes', '0'], says: /--nodes 0: .* from 1 to 64/ },
    { args: ['--nodes', '65'], says: /--nodes 65: .* from 1 to 64/ },
    { args: ['--nodes', 'two'], says: /--nodes two/ },
    { args: ['--nodes', '2', '--underlay-mtu', '1279'], says: /--underlay-mtu 1279: .* from 1280/ },
    { args: ['--nodes', '2', '--underlay', 'ipx'], says: /ipv4, ipv6/ },
    { args: ['--excluded-prefixes', '10.0.0.0/33'], says: /--excluded-prefixes 10\.0\.0\.0\/33/ },
  ])('nsm up $args is refused, and nothing is started', async ({ args, says }) => {
    const done = await mesh.run('up', ...args)
    expect(done.code).toBe(64)
    expect(done.stderr).toMatch(says)
    expect(await mesh.ok('meshes')).not.toContain(mesh.name)
  })
})

describe('pods that no node is fit for', () => {
  beforeAll(async () => {
    await mesh.ok('up', '--nodes', '2')
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('a pod that names a node that there is not is refused with the names of those that there are', async () => {
    const done = await mesh.run(
      'apply',
      '-f',
      manifests.file('mars', clientPod('mars', 'web', { node: 'mars' })),
    )
    expect(done.code).toBe(65)
    expect(done.stderr).toMatch(/no node is called mars; there are node-1, node-2/)
    expect(await podsOf(mesh)).toEqual([])
  })

  it('a program of a node that there is not has no log, and what there is is named', async () => {
    const done = await mesh.run('logs', 'manager/node-3')
    expect(done.code).not.toBe(0)
    expect(done.stderr).toMatch(/manager, forwarder, registry/)
  })

  it('a DaemonSet has an endpoint on each node, and a client is served by either', async () => {
    const pod = JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'everywhere' },
      spec: {
        selector: { matchLabels: { app: 'everywhere' } },
        template: {
          metadata: { labels: { app: 'everywhere' } },
          spec: {
            containers: [
              {
                name: 'nse',
                image: 'networkservicemesh/sidecar-nse:latest',
                env: [
                  { name: 'ENDPOINT_NETWORK_SERVICE', value: 'web' },
                  { name: 'IP_ADDRESS', value: '10.60.1.0/24' },
                ],
                resources: { limits: { 'networkservicemesh.io/socket': '1' } },
              },
            ],
          },
        },
      },
    })
    await mesh.ok('apply', '-f', manifests.file('everywhere', serviceObject('web'), `${pod}\n`))
    expect((await podsOf(mesh)).map(({ node }) => node).toSorted()).toEqual(['node-1', 'node-2'])
    const services = await mesh.ok('services')
    expect(services).toMatch(/on node-1/)
    expect(services).toMatch(/on node-2/)
  })

  it('a name belongs to one pod of all nodes: whoever comes second does not get it', async () => {
    const named = (pod: string, node: string) =>
      endpointPod(pod, 'one-name', { IP_ADDRESS: '10.60.2.0/24', NSM_NAME: 'the-name', node })
    await mesh.ok(
      'apply',
      '-f',
      manifests.file('names', serviceObject('one-name'), named('first', 'node-1'), named('second', 'node-2')),
      '--wait',
      '0',
    )
    await expect
      .poll(() => mesh.ok('services'), { timeout: 20_000 })
      .toMatch(/one-name .*the-name on node-\d/)
    const endpoints = (await mesh.ok('services')).split('\n').find(line => line.includes('one-name'))
    expect(endpoints?.match(/the-name on/g)).toHaveLength(1)
  })
})
