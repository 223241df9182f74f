import { describe, expect, it } from 'vitest'
import { applied } from './golden.contract.ts'
import { unpatchPod } from './unpatch.ts'

const defaultContainer = 'kubectl.kubernetes.io/default-container'

interface PodParts {
  readonly status: object
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: object
}

function pod({ status, annotations = {}, spec = {} }: PodParts) {
  return {
    metadata: {
      annotations: {
        ...annotations,
        'networkservicemesh.io/status': JSON.stringify({ version: 1, ...status }),
      },
    },
    spec: { containers: [{ name: 'app' }], ...spec },
  }
}

const ours = { name: 'nsm-init', image: 'any:1' }
const theirs = { name: 'migrate' }

describe('unpatchPod()', () => {
  it('gives a pod without a status back as it is, the same object', () => {
    const plain = { metadata: {}, spec: { initContainers: [ours] } }
    expect(unpatchPod(plain)).toEqual({ pod: plain, patch: [] })
    expect(unpatchPod(plain).pod).toBe(plain)
  })

  it.each([
    {
      name: 'takes out the containers that the status lists, and the status',
      given: { status: { initContainers: ['nsm-init'] }, spec: { initContainers: [theirs, ours] } },
      left: {
        metadata: { annotations: {} },
        spec: { containers: [{ name: 'app' }], initContainers: [theirs] },
      },
    },
    {
      name: 'leaves our name where the status lists it in the other list',
      given: { status: { containers: ['nsm-init'] }, spec: { initContainers: [ours] } },
      left: {
        metadata: { annotations: {} },
        spec: { containers: [{ name: 'app' }], initContainers: [ours] },
      },
    },
    {
      name: 'leaves containers of the user’s, whatever the status says',
      given: {
        status: { initContainers: ['migrate'], containers: ['app'] },
        spec: { initContainers: [theirs] },
      },
      left: {
        metadata: { annotations: {} },
        spec: { containers: [{ name: 'app' }], initContainers: [theirs] },
      },
    },
    {
      name: 'takes the default container out when the status says that it was set',
      given: {
        status: { annotations: { [defaultContainer]: 'app' } },
        annotations: { [defaultContainer]: 'app', a: 'b' },
      },
      left: { metadata: { annotations: { a: 'b' } }, spec: { containers: [{ name: 'app' }] } },
    },
    {
      name: 'leaves the default container when the status does not say so',
      given: { status: {}, annotations: { [defaultContainer]: 'app' } },
      left: {
        metadata: { annotations: { [defaultContainer]: 'app' } },
        spec: { containers: [{ name: 'app' }] },
      },
    },
    {
      name: 'leaves the default container when its owner has changed it since',
      given: {
        status: { annotations: { [defaultContainer]: 'app' } },
        annotations: { [defaultContainer]: 'db' },
      },
      left: {
        metadata: { annotations: { [defaultContainer]: 'db' } },
        spec: { containers: [{ name: 'app' }] },
      },
    },
    {
      name: 'leaves any other annotation, whatever the status says',
      given: { status: { annotations: { a: 'b' } }, annotations: { a: 'b' } },
      left: { metadata: { annotations: { a: 'b' } }, spec: { containers: [{ name: 'app' }] } },
    },
    {
      name: 'takes out what was made and is empty now, from the inside',
      given: {
        status: { made: ['/metadata', '/metadata/annotations', '/spec/initContainers'] },
        spec: { initContainers: [] },
      },
      left: { spec: { containers: [{ name: 'app' }] } },
    },
    {
      name: 'leaves what was made and others use',
      given: {
        status: { made: ['/metadata/annotations', '/spec/initContainers'] },
        annotations: { a: 'b' },
        spec: { initContainers: [theirs] },
      },
      left: {
        metadata: { annotations: { a: 'b' } },
        spec: { containers: [{ name: 'app' }], initContainers: [theirs] },
      },
    },
    {
      name: 'puts null back where it was',
      given: {
        status: { replaced: { '/metadata/annotations': null, '/spec/initContainers': null } },
        spec: { initContainers: [] },
      },
      left: {
        metadata: { annotations: null },
        spec: { containers: [{ name: 'app' }], initContainers: null },
      },
    },
    {
      name: 'does not put null back over what others use',
      given: {
        status: { replaced: { '/spec/containers': null, '/spec/initContainers': [] } },
        spec: { initContainers: [theirs] },
      },
      left: {
        metadata: { annotations: {} },
        spec: { containers: [{ name: 'app' }], initContainers: [theirs] },
      },
    },
    {
      name: 'puts the pod’s DNS back, over ours',
      given: {
        status: { replaced: { '/spec/dnsPolicy': 'Default', '/spec/dnsConfig': { searches: ['a'] } } },
        spec: { dnsPolicy: 'None', dnsConfig: { nameservers: ['127.0.0.1'] } },
      },
      left: {
        metadata: { annotations: {} },
        spec: { containers: [{ name: 'app' }], dnsPolicy: 'Default', dnsConfig: { searches: ['a'] } },
      },
    },
    {
      name: 'writes to no other place, whatever the status says',
      given: {
        status: {
          made: ['/spec', '/spec/containers/0'],
          replaced: { '/spec/hostNetwork': true, '/spec': {} },
        },
        spec: { hostNetwork: false },
      },
      left: { metadata: { annotations: {} }, spec: { containers: [{ name: 'app' }], hostNetwork: false } },
    },
  ])('$name', ({ given, left }) => {
    const before = pod(given)
    const text = JSON.stringify(before)
    const { pod: after, patch } = unpatchPod(before)
    expect(after).toEqual(left)
    expect(applied(before, patch)).toEqual(left)
    expect(JSON.stringify(before)).toBe(text)
    expect(unpatchPod(after)).toEqual({ pod: after, patch: [] })
  })

  it('puts nothing that the status replaced under a place that is gone', () => {
    const bare = {
      metadata: {
        annotations: {
          'networkservicemesh.io/status': '{"version":1,"replaced":{"/spec/dnsPolicy":"Default"}}',
        },
      },
    }
    expect(unpatchPod(bare).pod).toEqual({ metadata: { annotations: {} } })
  })
})
