import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answersTo, endpointPod, Manifests, serviceObject } from './fixture.ts'
import { connectionsOf, eventually, host, meshNamed } from './nsm.ts'

const mesh = meshNamed('qa-data-path')
const manifests = new Manifests()

/** A pod whose client side-car asks that packets are tried. */
function probedPod(name: string, node: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 0
  containers:
    - name: nsc
      image: networkservicemesh/sidecar-nsc:latest
      env:
        - { name: NS_NETWORKSERVICEMESH_IO, value: web }
        - { name: NSM_LIVENESS_CHECK_INTERVAL, value: 200ms }
        - { name: NSM_LIVENESS_CHECK_LOSS, value: "2" }
      resources: { limits: { networkservicemesh.io/socket: "1" } }
`
}

describe('nothing passes although the interfaces are as agreed', () => {
  beforeAll(async () => {
    await mesh.ok('up', '--nodes', '2')
    const objects = [
      serviceObject('web'),
      endpointPod('gateway', 'web', { IP_ADDRESS: '10.60.1.0/24', node: 'node-2' }),
      probedPod('near', 'node-2'),
      probedPod('far', 'node-1'),
    ]
    await mesh.ok('apply', '-f', manifests.file('web', ...objects))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it.each(['near', 'far'])(
    'who took the address of the gateway away from the %s client has it back',
    async pod => {
      const row = (await connectionsOf(mesh)).find(({ client }) => client.name === pod)
      const cidr = row?.connection.context.ipContext.dstIpAddrs[0] ?? ''
      expect(await answersTo(mesh, { from: pod, to: host(cidr) })).toBe(1)
      const rows: readonly {
        readonly ifname: string
        readonly addr_info: readonly { readonly local: string }[]
      }[] = JSON.parse(await mesh.ok('exec', 'gateway', '--', 'ip', '-j', '-4', 'address'))
      const link =
        rows.find(({ addr_info }) => addr_info.some(({ local }) => local === host(cidr)))?.ifname ?? ''
      await mesh.ok('exec', 'gateway', '--', 'ip', 'address', 'del', cidr, 'dev', link)
      await eventually('packets pass', async () =>
        (await answersTo(mesh, { from: pod, to: host(cidr) })) === 1 ? true : undefined,
      )
    },
  )
})
