import { describe, expect, it } from 'vitest'
import { judgeClock } from './clock.ts'
import { judgeInitMode } from './init-mode.ts'
import { judgeVersion } from './kubernetes-version.ts'
import { judgePodSecurity } from './pod-security.ts'
import { injectedPod, plainPod } from './pods.fixture.ts'
import { judgeSkew } from './version-skew.ts'
import { judgeEndpoints } from './webhook-endpoints.ts'

describe('judgeEndpoints()', () => {
  it.each([
    { name: 'a ready endpoint', slices: [{ endpoints: [{ conditions: { ready: true } }] }], found: [] },
    { name: 'one that says nothing', slices: [{ endpoints: [{}] }], found: [] },
    { name: 'no slice', slices: [], found: ['leads to no pod'] },
    { name: 'an empty slice', slices: [{ endpoints: null }], found: ['leads to no pod'] },
    {
      name: 'none ready',
      slices: [{ endpoints: [{ conditions: { ready: false } }, { conditions: { ready: false } }] }],
      found: ['2 pods, of which none'],
    },
  ])('says $found with $name', ({ slices, found }) => {
    expect(judgeEndpoints(slices, 'nsm-system').map(({ finding }) => finding)).toEqual(
      found.map(text => expect.stringContaining(text) as string),
    )
  })
})

describe('judgeVersion()', () => {
  it.each([
    { version: 'v1.34.4', kubelets: ['v1.34.4'], found: [] },
    { version: 'v1.30.0-eks-1', kubelets: ['v1.29.1'], found: [] },
    { version: 'v1.29.9', kubelets: [], found: ['error'] },
    { version: 'v1.30.1', kubelets: ['v1.28.0', 'v1.30.1'], found: ['warning'] },
    { version: 'v1.33.9', kubelets: ['v1.34.0', 'v1.33.1'], found: ['warning'] },
    { version: 'v1.33.1', kubelets: ['v1.33.9', 'v1.30.0'], found: [] },
    { version: 'something else', kubelets: ['v1.34.0', 'odd'], found: [] },
  ])('finds $found with $version and $kubelets', ({ version, kubelets, found }) => {
    const nodes = kubelets.map(kubeletVersion => ({ status: { nodeInfo: { kubeletVersion } } }))
    expect(judgeVersion(version, nodes).map(({ severity }) => severity)).toEqual(found)
  })
})

describe('judgeClock()', () => {
  it.each([
    { name: 'equal clocks', server: 100_000, found: [] },
    { name: 'a server that is 5 s ahead', server: 105_500, found: [] },
    { name: 'a server that is 9 s ahead', server: 110_000, found: ['about 9 s ahead of'] },
    { name: 'a server that is 6 s behind', server: 93_000, found: ['about 6 s behind'] },
  ])('says $found of $name', ({ server, found }) => {
    expect(judgeClock({ before: 100_000, server, after: 101_000 }).map(({ finding }) => finding)).toEqual(
      found.map(text => expect.stringContaining(text) as string),
    )
  })
})

describe('judgePodSecurity()', () => {
  const enforce = 'pod-security.kubernetes.io/enforce'
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  }
  function judge(name: string, level: string, context: object = securityContext) {
    const pod = injectedPod({})
    const initContainers = (pod.spec?.initContainers ?? []).map(container => ({
      ...container,
      securityContext: context,
    }))
    return judgePodSecurity({
      namespaces: [{ metadata: { name, labels: { [enforce]: level } } }],
      own: 'nsm-system',
      scope: ['blue', 'nsm-system'],
      trial: { made: true, pod: { ...pod, spec: { initContainers } } },
    }).map(({ finding }) => finding)
  }

  it.each([
    { name: 'blue', level: 'restricted', found: [] },
    { name: 'blue', level: 'baseline', found: [] },
    { name: 'nsm-system', level: 'privileged', found: [] },
    { name: 'nsm-system', level: 'restricted', found: [expect.stringContaining('the forwarder') as string] },
    { name: 'elsewhere', level: 'restricted', found: [] },
  ])('says $found of $level in $name', ({ name, level, found }) => {
    expect(judge(name, level)).toEqual(found)
  })

  it.each([
    { lacks: 'runAsNonRoot: true', context: { ...securityContext, runAsNonRoot: false } },
    { lacks: 'seccompProfile', context: { ...securityContext, seccompProfile: { type: 'Unconfined' } } },
    { lacks: 'capabilities.drop: [ALL]', context: { ...securityContext, capabilities: {} } },
    {
      lacks: 'allowPrivilegeEscalation: false',
      context: { ...securityContext, allowPrivilegeEscalation: undefined },
    },
  ])('names $lacks where a restricted namespace misses it', ({ lacks, context }) => {
    expect(judge('blue', 'restricted', context).map(finding => finding.split('meet: ')[1])).toEqual([lacks])
  })
})

describe('judgeSkew()', () => {
  const trials = [
    { made: true, pod: injectedPod({ image: 'nsm-init:2' }) },
    { made: true, pod: injectedPod({ mode: 'sidecar', image: 'sidecar-nsc:2' }) },
  ] as const

  it('counts the pods of each namespace with another image', () => {
    const pods = [
      injectedPod({ image: 'nsm-init:1' }),
      injectedPod({ image: 'nsm-init:1', name: 'other' }),
      injectedPod({ image: 'sidecar-nsc:1', mode: 'sidecar' }),
      injectedPod({ image: 'nsm-init:2', name: 'new' }),
    ]
    expect(judgeSkew(pods, trials).map(({ object, finding }) => `${object}: ${finding}`)).toEqual([
      'Pods blue/*: 2 of them have nsm-init:1; the webhook puts nsm-init:2 into new ones',
      'Pods blue/*: 1 of them have sidecar-nsc:1; the webhook puts sidecar-nsc:2 into new ones',
    ])
  })

  it.each([
    {
      name: 'a pod that chose its image',
      pod: injectedPod({ annotations: { 'networkservicemesh.io/image': 'x' } }),
    },
    { name: 'a pod that was not injected', pod: plainPod() },
  ])('leaves out $name', ({ pod }) => {
    expect(judgeSkew([pod], trials)).toEqual([])
  })

  it('says nothing when nothing could be tried', () => {
    expect(judgeSkew([injectedPod({})], [{ made: false, status: 403, words: 'forbidden' }])).toEqual([])
  })
})

describe('judgeInitMode()', () => {
  it('counts running pods whose init container holds the socket, for each namespace', () => {
    const pods = [
      injectedPod({}),
      injectedPod({ name: 'two' }),
      injectedPod({ namespace: 'red' }),
      injectedPod({ mode: 'sidecar' }),
      injectedPod({ phase: 'Pending' }),
      plainPod(),
    ]
    expect(judgeInitMode(pods)).toMatchObject([
      {
        severity: 'note',
        object: 'Pods blue/*',
        finding: expect.stringMatching(/^2 of them.*400 ms$/) as string,
      },
      { severity: 'note', object: 'Pods red/*', finding: expect.stringMatching(/^1 of them/) as string },
    ])
  })
})
