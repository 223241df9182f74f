import { describe, expect, it } from 'vitest'
import type { StoredPod } from './objects.ts'
import { injectedPod, plainPod } from './pods.fixture.ts'
import { judgeUninjected } from './uninjected.ts'

const asks = { 'ns.networkservicemesh.io': 'vpn' }
const installed = '2026-01-01T00:00:00Z'
const namespaces = [
  { metadata: { name: 'blue' } },
  {
    metadata: {
      name: 'heir',
      labels: { 'networkservicemesh.io/inherit': 'true' },
      annotations: asks,
    },
  },
]

function judge(pod: StoredPod, failurePolicy = 'Fail') {
  const configuration = { metadata: { creationTimestamp: installed }, webhooks: [{ failurePolicy }] }
  return judgeUninjected({ pods: [pod], namespaces, configuration })
}

describe('judgeUninjected()', () => {
  it.each([
    { name: 'an injected pod', pod: injectedPod({}) },
    { name: 'a pod that does not ask', pod: plainPod() },
    { name: 'a pod that has ended', pod: plainPod({ annotations: asks, phase: 'Succeeded' }) },
  ])('says nothing of $name', ({ pod }) => {
    expect(judge(pod)).toEqual([])
  })

  it.each([
    {
      name: 'a pod older than the webhook',
      pod: plainPod({ annotations: asks, created: '2025-12-31T00:00:00Z' }),
      severity: 'warning',
      finding: 'before the webhook was installed',
    },
    {
      name: 'a pod annotated later',
      pod: plainPod({ annotations: asks }),
      severity: 'warning',
      finding: 'the annotation came after the pod was made',
    },
    {
      name: 'a pod whose namespace was annotated later',
      pod: plainPod({ namespace: 'heir' }),
      severity: 'warning',
      finding: 'before its namespace asked',
    },
    {
      name: 'a pod on the host network',
      pod: plainPod({ annotations: asks, more: { hostNetwork: true } }),
      severity: 'warning',
      finding: 'hostNetwork: true',
    },
    {
      name: 'a static pod whose file asks',
      pod: plainPod({ annotations: { ...asks, 'kubernetes.io/config.mirror': 'x' } }),
      severity: 'warning',
      finding: 'it is a static pod: kubelet runs it from a file',
    },
    {
      name: 'a static pod in a namespace that asks',
      pod: plainPod({ namespace: 'heir', annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      severity: 'note',
      finding: 'mirrors a static pod',
    },
    {
      name: 'a pod that opted out',
      pod: plainPod({ namespace: 'heir', annotations: { 'networkservicemesh.io/inject': 'false' } }),
      severity: 'note',
      finding: 'is "false"',
    },
    {
      name: 'a pod with a switch of neither value',
      pod: plainPod({ annotations: { ...asks, 'networkservicemesh.io/inject': 'maybe' } }),
      severity: 'warning',
      finding: 'expected one of true, false',
    },
    {
      name: 'a pod that only says that it was injected',
      pod: plainPod({
        annotations: {
          ...asks,
          'networkservicemesh.io/status': '{"version":1,"image":"x","initContainers":["nsm-init"]}',
        },
      }),
      severity: 'warning',
      finding: 'runs without them',
    },
  ])('finds $name', ({ pod, severity, finding }) => {
    expect(judge(pod)).toMatchObject([{ severity, finding: expect.stringContaining(finding) as string }])
  })

  it('names the outage that failurePolicy Ignore hides', () => {
    expect(judge(plainPod({ annotations: asks }), 'Ignore')).toMatchObject([
      { finding: expect.stringContaining('failurePolicy Ignore') as string },
    ])
  })

  it('says how the pod is made again', () => {
    const owner = { kind: 'ReplicaSet', name: 'web-6d5', controller: true }
    const pod = plainPod({ annotations: asks })
    expect(judge({ ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } })).toMatchObject([
      { remedy: 'kubectl -n blue delete pod web; ReplicaSet web-6d5 makes it again' },
    ])
  })

  it('says that the webhook is not installed', () => {
    const pods = [plainPod({ annotations: asks })]
    expect(judgeUninjected({ pods, namespaces, configuration: undefined })).toMatchObject([
      { finding: expect.stringContaining('not installed') as string },
    ])
  })
})
