import { expect, it } from 'vitest'
import { listAt, type Manifest, textAt } from './object.ts'
import { withValues } from './values.ts'

const objects: readonly Manifest[] = [
  deployment('webhook', [{ name: 'TAG', value: 'old' }]),
  deployment('manager', []),
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'nsm-system' } },
]

it.each([
  {
    values: {},
    webhook: 'networkservicemesh/nsm-webhook:latest TAG=old',
    manager: 'networkservicemesh/nsm-manager:latest',
  },
  {
    values: { tag: 'v2', registry: 'host:5000/nsm' },
    webhook: 'host:5000/nsm/nsm-webhook:v2 REPO=host:5000/nsm TAG=v2',
    manager: 'host:5000/nsm/nsm-manager:v2',
  },
  {
    values: {
      set: ['insecure=true', 'FORWARDING_PLANE=kernel', 'SPIRE_ENABLED=false', 'spire.enabled=false'],
    },
    webhook: 'networkservicemesh/nsm-webhook:latest TAG=old',
    manager: 'networkservicemesh/nsm-manager:latest NSM_INSECURE=true',
  },
  {
    values: {
      set: ['INSECURE=true', 'org=mine', 'tag=3', 'manager.NSM_REQUEST_TIMEOUT=1s', 'insecure=false'],
    },
    webhook: 'mine/nsm-webhook:3 REPO=mine TAG=3',
    manager: 'mine/nsm-manager:3 NSM_INSECURE=false NSM_REQUEST_TIMEOUT=1s',
  },
])('sets $values', ({ values, webhook, manager }) => {
  expect(withValues(objects, values).slice(0, 2).map(inWords)).toEqual([webhook, manager])
})

it.each([
  { set: 'forwardingPlane=vpp', words: /the only forwarding plane is the kernel/ },
  { set: 'SPIRE_ENABLED=true', words: /not SPIRE/ },
  { set: 'insecure=maybe', words: /expected true or false/ },
  { set: 'what', words: /expected CONTAINER.VARIABLE=VALUE/ },
  { set: 'nobody.X=1', words: /no container is called so/ },
])('refuses $set', ({ set, words }) => {
  expect(() => withValues(objects, { set: [set] })).toThrow(words)
})

function deployment(name: string, env: readonly object[]): Manifest {
  const container = { name, image: `networkservicemesh/nsm-${name}:latest`, env }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { template: { spec: { containers: [container] } } },
  }
}

function inWords(object: Manifest): string {
  const [container] = listAt(object, 'spec', 'template', 'spec', 'containers')
  const env = listAt(container, 'env').map(entry => `${textAt(entry, 'name')}=${textAt(entry, 'value')}`)
  return [textAt(container, 'image'), ...env.toSorted()].join(' ')
}
