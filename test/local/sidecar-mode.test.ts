import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endpointPod, linksOf, Manifests, podNamed, serviceObject } from './fixture.ts'
import { connectionsOf, eventually, meshNamed } from './nsm.ts'

const mesh = meshNamed('t-sidecar-mode')
const manifests = new Manifests()

/** A pod whose container ends at once unless its interface is there when it starts. */
const client = `apiVersion: v1
kind: Pod
metadata:
  name: client
  annotations:
    ns.networkservicemesh.io: echo/echo0
    networkservicemesh.io/mode: sidecar
spec:
  terminationGracePeriodSeconds: 0
  initContainers:
    - { name: look, image: alpine, command: ["ip", "link", "show", "echo0"] }
  containers:
    - { name: app, image: alpine, command: ["tail", "-f", "/dev/null"] }
`

describe('networkservicemesh.io/mode: sidecar', () => {
  beforeAll(async () => {
    const endpoint = endpointPod('endpoint', 'echo', { IP_ADDRESS: '10.80.0.0/24' })
    await mesh.ok('up', '-f', manifests.file('all', serviceObject('echo'), endpoint, client))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('connects before the pod’s own init containers, by a side-car that stays', async () => {
    const pod = await podNamed(mesh, 'client')
    expect(pod?.containers.map(({ name }) => name)).toEqual(['nsm-sidecar', 'look', 'app'])
    expect(await linksOf(mesh, 'client')).toEqual(['echo0'])
  })

  it('closes the connection when the pod goes', async () => {
    await mesh.ok('delete', 'pod', 'client')
    await eventually('the connection is gone', async () =>
      (await connectionsOf(mesh)).length === 0 ? true : undefined,
    )
  })
})
