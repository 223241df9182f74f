import { describe, expect, it } from 'vitest'
import type { Container } from '#kube/pod.ts'
import { settings } from './golden.contract.ts'
import { subjectOf } from './rules.ts'
import { warningsAbout } from './warnings.ts'

const socket = 'networkservicemesh.io/socket'
const pinned = { limits: { cpu: '1', memory: '1Gi' } }
const ours = { name: 'nsm-init', resources: { limits: { [socket]: '1' } } }

function warn(annotations: Readonly<Record<string, string>>, container?: Container, spec: object = {}) {
  const pod = { metadata: { annotations }, spec }
  const injection = container && ({ container, digest: '', list: 'initContainers', index: 0 } as const)
  return warningsAbout(pod, subjectOf(pod, { settings }).asked, injection)
}

describe('warningsAbout()', () => {
  it.each([
    { name: 'nothing', annotations: {} },
    { name: 'a wish for services', annotations: { 'ns.networkservicemesh.io': 'a' } },
    {
      name: 'a wish and a switch',
      annotations: { 'ns.networkservicemesh.io': 'a', 'networkservicemesh.io/inject': 'true' },
    },
    { name: 'a switch that is off', annotations: { 'networkservicemesh.io/inject': 'false' } },
    {
      name: 'a list that is malformed, which is told elsewhere',
      annotations: { 'ns.networkservicemesh.io': 'a/b/c' },
    },
  ])('has nothing to say about $name', ({ annotations }) => {
    expect(warn(annotations)).toEqual([])
  })

  it.each([
    {
      name: 'a key of another case',
      annotations: { 'NS.networkservicemesh.io': 'a/b/c' },
      says: /write ns\.networkservicemesh\.io/,
    },
    {
      name: 'an annotation that nobody reads',
      annotations: { 'networkservicemesh.io/modus': 'x' },
      says: /not known have no effect: .*modus/,
    },
    {
      name: 'a switch that switches nothing',
      annotations: { 'networkservicemesh.io/inject': 'true' },
      says: /names a service/,
    },
  ])('tells of $name', ({ annotations, says }) => {
    expect(warn(annotations)).toEqual([expect.stringMatching(says)])
  })

  it.each([
    {
      name: 'a container',
      spec: { containers: [{ name: 'nse', resources: ours.resources }] },
      says: /^nse asks for .* nsm-init alone/,
    },
    {
      name: 'two',
      spec: {
        initContainers: [{ name: 'a', resources: ours.resources }],
        containers: [{ resources: ours.resources }],
      },
      says: /^a,  asks/,
    },
  ])('tells of $name that asks for the socket too', ({ spec, says }) => {
    expect(warn({}, ours, spec)).toEqual([expect.stringMatching(says)])
  })

  it.each([
    { name: 'limits alone', resources: pinned, told: false },
    {
      name: 'requests that are the limits',
      resources: { ...pinned, requests: { cpu: '1000m', memory: '1024Mi' } },
      told: false,
    },
    { name: 'a request below its limit', resources: { ...pinned, requests: { cpu: '500m' } }, told: true },
  ])('tells of a class that is lost only with $name: $told', ({ resources, told }) => {
    const said = warn({}, { ...ours, resources }, { containers: [{ name: 'app', resources: pinned }] })
    expect(said).toHaveLength(told ? 1 : 0)
  })

  it('tells of a side-car that was asked for and cannot be', () => {
    const mode = { 'networkservicemesh.io/mode': 'sidecar' }
    expect(warn(mode, ours)).toEqual([expect.stringContaining('no native side-cars')])
    expect(warn(mode, { ...ours, name: 'nsm-sidecar' })).toEqual([])
  })
})
