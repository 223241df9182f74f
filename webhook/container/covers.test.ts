import { describe, expect, it } from 'vitest'
import type { Container } from '#kube/pod.ts'
import { settings } from '#webhook/golden.contract.ts'
import { isIntact } from './covers.ts'
import { renderContainer, type Shape } from './render.ts'

const shapes = ['init', 'native-sidecar', 'sidecar-container'] as const

function render(shape: Shape = 'init'): Container {
  return renderContainer(shape, {
    services: 'a',
    settings,
    overrides: { 'cpu-limit': '1', 'memory-limit': '64Mi' },
    amounts: 'equal',
  })
}

const probeDefaults = { timeoutSeconds: 1, httpGet: { scheme: 'HTTP', path: '/readyz', port: 15_061 } }

/** The container as an API server gives it back. */
function defaulted(container: Container) {
  const { env = [], startupProbe, resources } = container
  return {
    ...container,
    terminationMessagePath: '/dev/termination-log',
    env: [
      { name: 'THEIRS', value: 'x' },
      ...(env ?? []).map(variable =>
        variable.valueFrom === undefined
          ? variable
          : { ...variable, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
      ),
    ],
    resources: {
      limits: { ...resources?.limits, cpu: '1000m', memory: '65536Ki' },
      requests: { cpu: '1', memory: '64Mi', 'networkservicemesh.io/socket': '1' },
    },
    ...(startupProbe && { startupProbe: { ...startupProbe, ...probeDefaults } }),
  }
}

describe('isIntact()', () => {
  it.each(shapes)('finds %s as it was put', shape => {
    expect(isIntact(render(shape), render(shape))).toBe(true)
  })

  it.each(shapes)(
    'finds %s with defaults, other spellings of amounts, more variables and another image',
    shape => {
      expect(isIntact({ ...defaulted(render(shape)), image: 'mirror.example/x' }, render(shape))).toBe(true)
    },
  )

  it.each<{ readonly name: string; readonly change: (container: Container) => object }>([
    { name: 'no variables', change: () => ({ env: null }) },
    { name: 'a command', change: () => ({ command: ['true'] }) },
    { name: 'arguments', change: () => ({ args: ['--help'] }) },
    { name: 'variables from elsewhere', change: () => ({ envFrom: [{ configMapRef: { name: 'x' } }] }) },
    { name: 'a hook', change: () => ({ lifecycle: { preStop: { exec: { command: ['x'] } } } }) },
    {
      name: 'a privilege',
      change: ({ securityContext }) => ({
        securityContext: { ...Object(securityContext), privileged: true },
      }),
    },
    {
      name: 'a capability',
      change: ({ securityContext }) => ({
        securityContext: { ...Object(securityContext), capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } },
      }),
    },
    {
      name: 'a second variable of the same name, which would count',
      change: ({ env }) => ({ env: [...(env ?? []), { name: 'NS_NETWORKSERVICEMESH_IO', value: 'b' }] }),
    },
    { name: 'one variable less', change: ({ env }) => ({ env: env?.slice(1) }) },
    {
      name: 'another value of a variable',
      change: ({ env }) => ({ env: env?.map(one => ({ ...one, value: 'x' })) }),
    },
    { name: 'no amounts', change: () => ({ resources: null }) },
    {
      name: 'another amount',
      change: () => ({
        resources: { limits: { cpu: '2', memory: '64Mi', 'networkservicemesh.io/socket': '1' } },
      }),
    },
    { name: 'no socket', change: () => ({ resources: { limits: { cpu: '1', memory: '64Mi' } } }) },
    { name: 'no security context', change: () => ({ securityContext: undefined }) },
    {
      name: 'capabilities kept',
      change: () => ({
        securityContext: { ...(render().securityContext as object), capabilities: { drop: [] } },
      }),
    },
    { name: 'another pull policy', change: () => ({ imagePullPolicy: 'Never' }) },
    { name: 'another name', change: () => ({ name: 'x' }) },
  ])('misses $name', ({ change }) => {
    expect(isIntact({ ...render(), ...change(render()) }, render())).toBe(false)
  })

  it.each([
    {
      name: 'a native side-car that does not stay',
      shape: 'native-sidecar',
      change: { restartPolicy: 'Never' },
    },
    { name: 'a native side-car without its probe', shape: 'native-sidecar', change: { startupProbe: null } },
    { name: 'a side-car without its hook', shape: 'sidecar-container', change: { lifecycle: null } },
  ] as const)('misses $name', ({ shape, change }) => {
    expect(isIntact({ ...render(shape), ...change }, render(shape))).toBe(false)
  })

  it('does not take a list for an object, nor the other way round', () => {
    expect(isIntact({ env: {} } as unknown as Container, { env: [] })).toBe(false)
    expect(isIntact({ securityContext: [] }, { securityContext: {} })).toBe(false)
  })
})
