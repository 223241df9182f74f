import { describe, expect, it } from 'vitest'
import { settings } from '#webhook/golden.contract.ts'
import { type RenderInputs, renderContainer } from './render.ts'

const shapes = ['init', 'native-sidecar', 'sidecar-container'] as const
const inputs: RenderInputs = { services: 'a', settings, overrides: {}, amounts: 'none' }

describe.each(shapes)('renderContainer(%s)', shape => {
  it('meets the Pod Security Standard restricted', () => {
    expect(renderContainer(shape, inputs).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsGroup: 65_532,
      runAsNonRoot: true,
      runAsUser: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    })
  })

  it('says no user when the platform gives one', () => {
    const { securityContext } = renderContainer(shape, {
      ...inputs,
      settings: { ...settings, user: undefined },
    })
    expect(securityContext).toMatchObject({ runAsNonRoot: true })
    expect(Object.keys(securityContext as object)).not.toContain('runAsUser')
    expect(Object.keys(securityContext as object)).not.toContain('runAsGroup')
  })

  it('asks for one socket', () => {
    expect(renderContainer(shape, inputs).resources?.limits).toEqual({ 'networkservicemesh.io/socket': '1' })
  })

  it('mounts nothing and starts nothing but the image’s own program', () => {
    for (const field of ['command', 'args', 'volumeMounts', 'ports', 'envFrom'])
      expect(renderContainer(shape, inputs)).not.toHaveProperty(field)
  })

  it('is the same for the same inputs, to the byte', () => {
    expect(JSON.stringify(renderContainer(shape, inputs))).toBe(
      JSON.stringify(renderContainer(shape, inputs)),
    )
  })

  it('heeds the pod’s own words', () => {
    const overrides = {
      image: 'i:1',
      'image-pull-policy': 'Never',
      'log-level': 'warn',
      deadline: '5s',
    } as const
    const container = renderContainer(shape, { ...inputs, overrides })
    expect(container).toMatchObject({ image: 'i:1', imagePullPolicy: 'Never' })
    expect(container.env).toContainEqual({ name: 'LOG_LEVEL', value: 'warn' })
    expect(container.env).toContainEqual({ name: 'NSM_DEADLINE', value: '5s' })
  })

  it('has each variable once', () => {
    const names = renderContainer(shape, inputs).env?.map(({ name }) => name) ?? []
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('renderContainer()', () => {
  it.each([
    { shape: 'init', name: 'nsm-init', image: settings.image, fields: [] },
    {
      shape: 'native-sidecar',
      name: 'nsm-sidecar',
      image: settings.sidecarImage,
      fields: ['restartPolicy', 'startupProbe'],
    },
    { shape: 'sidecar-container', name: 'nsm-sidecar', image: settings.sidecarImage, fields: ['lifecycle'] },
  ] as const)(
    'calls $shape $name, and holds the others back by $fields',
    ({ shape, name, image, fields }) => {
      const container = renderContainer(shape, inputs)
      expect(container).toMatchObject({ name, image })
      const waits = ['restartPolicy', 'startupProbe', 'lifecycle'].filter(field => field in container)
      expect(waits).toEqual(fields)
    },
  )

  it('gives the port of the probe to those that are probed', () => {
    const port = { name: 'NSM_PROBE_PORT', value: '15061' }
    expect(
      shapes.map(shape => renderContainer(shape, inputs).env?.some(({ name }) => name === port.name)),
    ).toEqual([false, true, true])
    expect(renderContainer('native-sidecar', inputs).startupProbe?.httpGet?.port).toBe(15_061)
  })
})
