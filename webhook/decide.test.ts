import { describe, expect, it } from 'vitest'
import { decide, shapeFor } from './decide.ts'
import { applied, settings } from './golden.contract.ts'
import { patchPod } from './patch.ts'

const pod = {
  metadata: { name: 'p', annotations: { 'ns.networkservicemesh.io': 'a' } },
  spec: { containers: [{ name: 'app' }], initContainers: [{ name: 'migrate' }] },
}

describe('shapeFor()', () => {
  it.each([
    { mode: 'init', sidecars: 'native', restartPolicy: undefined, shape: 'init' },
    { mode: 'init', sidecars: 'container', restartPolicy: 'Always', shape: 'init' },
    { mode: 'sidecar', sidecars: 'native', restartPolicy: undefined, shape: 'native-sidecar' },
    { mode: 'sidecar', sidecars: 'native', restartPolicy: 'Never', shape: 'native-sidecar' },
    { mode: 'sidecar', sidecars: 'container', restartPolicy: undefined, shape: 'sidecar-container' },
    { mode: 'sidecar', sidecars: 'container', restartPolicy: 'Always', shape: 'sidecar-container' },
    { mode: 'sidecar', sidecars: 'container', restartPolicy: 'OnFailure', shape: 'init' },
    { mode: 'sidecar', sidecars: 'container', restartPolicy: 'Never', shape: 'init' },
  ] as const)('is $shape for $mode, $sidecars side-cars and restart policy $restartPolicy', row => {
    const spec = row.restartPolicy === undefined ? {} : { restartPolicy: row.restartPolicy }
    expect(shapeFor({ spec }, row.mode, row.sidecars)).toBe(row.shape)
  })
})

describe('decide()', () => {
  it('tells a first pass from a later one, and from one with nothing to do', () => {
    const context = { settings }
    expect(decide(pod, context)).toMatchObject({
      inject: true,
      pass: 'first',
      askedBy: 'pod',
      earlier: { patch: [] },
    })
    const once = applied(pod, patchPod(pod, context).patch)
    expect(decide(once, context)).toEqual({ inject: false, reasons: ['already-injected'], warnings: [] })
    const other = { settings: { ...settings, image: 'other:1' } }
    expect(decide(once, other)).toMatchObject({ inject: true, pass: 'again', earlier: { pod } })
  })

  it.each([
    { name: 'its image, which a mirror changed', change: { image: 'mirror.example/nsm-init:1.2' } },
    { name: 'a field that the API server added', change: { terminationMessagePath: '/dev/termination-log' } },
    {
      name: 'a mount that another webhook added',
      change: { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
    },
  ])('leaves our container as it is in spite of $name', ({ change }) => {
    expect(decide(changed(change), { settings })).toMatchObject({
      inject: false,
      reasons: ['already-injected'],
    })
  })

  it.each([
    { name: 'its variables', change: { env: [] } },
    { name: 'its amounts', change: { resources: { limits: {} } } },
    { name: 'its user', change: { securityContext: { runAsUser: 0 } } },
    { name: 'its pull policy', change: { imagePullPolicy: 'Always' } },
    { name: 'its name', change: { name: 'nsm-sidecar' } },
  ])('renders our container anew when somebody changed $name', ({ name, change }) => {
    if (name === 'its name') {
      expect(() => decide(changed(change), { settings })).toThrow(
        expect.objectContaining({ code: 'ALREADY_EXISTS' }),
      )
      return
    }
    expect(decide(changed(change), { settings })).toMatchObject({ inject: true, pass: 'again' })
  })

  it.each(['initContainers', 'containers'] as const)(
    'refuses a pod that has one of our names in %s',
    list => {
      for (const name of ['nsm-init', 'nsm-sidecar']) {
        const taken = { ...pod, spec: { ...pod.spec, [list]: [...pod.spec[list], { name }] } }
        expect(() => decide(taken, { settings })).toThrow(`Pod p has a container ${name} of its own`)
      }
    },
  )

  it('takes a container with a name like ours for the user’s', () => {
    const like = { ...pod, spec: { ...pod.spec, containers: [{ name: 'nsm-init-2' }, { name: 'nsm' }] } }
    expect(decide(like, { settings })).toMatchObject({ inject: true })
  })
})

/** The pod after an injection, with our container changed. */
function changed(change: object) {
  const once = applied(pod, patchPod(pod, { settings }).patch)
  const [ours, ...others] = once.spec.initContainers
  return { ...once, spec: { ...once.spec, initContainers: [{ ...ours, ...change }, ...others] } }
}
