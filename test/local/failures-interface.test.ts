import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answersTo, clientPod, endpointPod, Manifests, serviceObject } from './fixture.ts'
import { connectionsOf, eventually, host, meshNamed } from './nsm.ts'

const mesh = meshNamed('qa-interface')
const manifests = new Manifests()

describe('somebody changes the interface of a client', () => {
  beforeAll(async () => {
    await mesh.ok('up', '--nodes', '2')
    const objects = [
      serviceObject('web'),
      endpointPod('gateway', 'web', { IP_ADDRESS: '10.60.1.0/24', node: 'node-2' }),
      clientPod('near', 'web', { node: 'node-2' }),
      clientPod('far', 'web', { node: 'node-1' }),
    ]
    await mesh.ok('apply', '-f', manifests.file('web', ...objects))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  async function endOf(pod: string) {
    const row = (await connectionsOf(mesh)).find(({ client }) => client.name === pod)
    if (row === undefined) throw new Error(`${pod} has no connection`)
    const [link = ''] =
      (await mesh.ok('exec', pod, '--', 'ip', '-o', 'link')).match(/^\d+: (?!lo:)\S+/m) ?? []
    return { link, gateway: host(row.connection.context.ipContext.dstIpAddrs[0]) }
  }

  it.each([
    { pod: 'near', what: 'sets it down', change: (name: string) => ['set', name, 'down'] },
    { pod: 'far', what: 'sets it down', change: (name: string) => ['set', name, 'down'] },
    { pod: 'near', what: 'renames it', change: (name: string) => ['set', name, 'name', 'mine'] },
    { pod: 'far', what: 'deletes it', change: (name: string) => ['del', name] },
  ])('on the $pod node: who $what finds it as before, and packets pass', async ({ pod, what, change }) => {
    const { link, gateway } = await endOf(pod)
    const name = link.replace(/^\d+: /, '').replace(/[@:].*/, '')
    expect(await answersTo(mesh, { from: pod, to: gateway })).toBe(1)
    await mesh.ok('exec', pod, '--', 'ip', 'link', ...change(name))
    // What was deleted comes back as another one.
    const asBefore = what === 'deletes it' ? name : link
    await eventually('it is as before', async () =>
      (await endOf(pod)).link.includes(asBefore) ? true : undefined,
    )
    await eventually('packets pass', async () =>
      (await answersTo(mesh, { from: pod, to: gateway })) === 1 ? true : undefined,
    )
  })
})
