import { describe, expect, it } from 'vitest'
import type { KindOfWorkload, StoredEvent } from './objects.ts'
import { judgeStuck } from './stuck.ts'

const denied =
  'admission webhook "pods.networkservicemesh.io" denied the request: annotation ns.networkservicemesh.io, entry 2: empty (docs/errors.md#bad_annotation)'
const unreachable =
  'Internal error occurred: failed calling webhook "pods.networkservicemesh.io": failed to call webhook: context deadline exceeded'
const insecure =
  'pods "web-" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (container "nsm-init" must set)'

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }

function workload(kind: KindOfWorkload['kind'], state: object): KindOfWorkload {
  return { kind, object: { metadata: { name: 'web', namespace: 'blue' }, ...state } }
}

function event(message: string, kind = 'ReplicaSet', more: object = {}): StoredEvent {
  return {
    reason: 'FailedCreate',
    message,
    involvedObject: { kind, name: 'web', namespace: 'blue', ...more },
  }
}

describe('judgeStuck()', () => {
  it.each([
    { kind: 'ReplicaSet', state: { spec: { replicas: 2 }, status: { replicas: 1 } } },
    { kind: 'StatefulSet', state: { spec: {}, status: {} } },
    { kind: 'DaemonSet', state: { status: { desiredNumberScheduled: 3, currentNumberScheduled: 2 } } },
    { kind: 'Job', state: { status: {} } },
  ] as const)('finds a $kind that the webhook refuses pods', ({ kind, state }) => {
    expect(judgeStuck([workload(kind, state)], [event(denied, kind)])).toEqual([
      {
        severity: 'error',
        object: `${kind} blue/web`,
        finding:
          'cannot make pods, the webhook refuses them: annotation ns.networkservicemesh.io, entry 2: empty (docs/errors.md#bad_annotation)',
        remedy: `correct the annotations of ${kind} blue/web and of its pod template`,
      },
    ])
  })

  it('finds it in the condition of a ReplicaSet, long after its Events are gone, and names the Deployment', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: denied }]
    const metadata = { name: 'web-6d5', namespace: 'blue', ownerReferences: [deployment] }
    const found = judgeStuck([workload('ReplicaSet', { metadata, status: { conditions } })], [])
    expect(found).toMatchObject([
      { object: 'ReplicaSet blue/web-6d5', remedy: expect.stringContaining('Deployment blue/web') as string },
    ])
  })

  it.each([
    { name: 'a webhook that cannot be reached', message: unreachable, remedy: 'injection' },
    { name: 'a Pod Security level', message: insecure, remedy: 'pod-security' },
  ])('finds $name', ({ message, remedy }) => {
    expect(judgeStuck([workload('ReplicaSet', {})], [event(message)])).toMatchObject([
      {
        finding: expect.stringContaining(message) as string,
        remedy: expect.stringContaining(remedy) as string,
      },
    ])
  })

  it('tells the newest of several refusals once', () => {
    expect(judgeStuck([workload('ReplicaSet', {})], [event(unreachable), event(denied)])).toMatchObject([
      { finding: expect.stringContaining('entry 2') as string },
    ])
  })

  it.each([
    {
      name: 'one that has its pods',
      of: workload('ReplicaSet', { status: { replicas: 1 } }),
      about: event(denied),
    },
    {
      name: 'a Job that is done',
      of: workload('Job', { status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
      about: event(denied, 'Job'),
    },
    {
      name: 'one of another namespace',
      of: workload('ReplicaSet', {}),
      about: event(denied, 'ReplicaSet', { namespace: 'red' }),
    },
    { name: 'one of another kind', of: workload('StatefulSet', {}), about: event(denied) },
    {
      name: 'one that somebody else refuses',
      of: workload('ReplicaSet', {}),
      about: event('admission webhook "policy.example.org" denied the request: no'),
    },
    {
      name: 'a Deployment, whose ReplicaSet tells',
      of: workload('Deployment', {}),
      about: event(denied, 'Deployment'),
    },
  ])('says nothing of $name', ({ of, about }) => {
    expect(judgeStuck([of], [about])).toEqual([])
  })
})
