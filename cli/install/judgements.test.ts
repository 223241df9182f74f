import { describe, expect, it } from 'vitest'
import { leavingForwarder } from './leave.ts'
import { listAt, type Manifest, textAt } from './object.ts'
import { inOrder } from './order.ts'
import { whyNotRolledOut } from './rollout.ts'
import { whyPodWaits } from './waiting-pods.ts'

describe('whyNotRolledOut()', () => {
  it.each([
    {
      name: 'a DaemonSet on every node',
      workload: daemonSet({ desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 }),
      why: undefined,
    },
    { name: 'a DaemonSet without nodes', workload: daemonSet({}), why: undefined },
    {
      name: 'a DaemonSet with an old pod',
      workload: daemonSet({ desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberAvailable: 2 }),
      why: '1 of 2 pods are new',
    },
    {
      name: 'a DaemonSet that is not ready',
      workload: daemonSet({ desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 }),
      why: '1 of 2 pods are ready',
    },
    {
      name: 'one that its controller has not seen',
      workload: { ...daemonSet({}), metadata: { generation: 4 } },
      why: 'its controller has not seen it yet',
    },
    {
      name: 'a Deployment that is as it should be',
      workload: deployment({ replicas: 2, updatedReplicas: 2, availableReplicas: 2 }),
      why: undefined,
    },
    {
      name: 'a Deployment with a pod too many',
      workload: deployment({ replicas: 3, updatedReplicas: 2, availableReplicas: 2 }),
      why: '1 old pods are still there',
    },
    { name: 'a Deployment without pods', workload: deployment({}), why: '0 of 2 pods are new' },
  ])('says of $name: $why', ({ workload, why }) => {
    expect(whyNotRolledOut(workload)).toBe(why)
  })
})

describe('whyPodWaits()', () => {
  it.each([
    { name: 'a ready pod', status: { conditions: [{ type: 'Ready', status: 'True' }] }, why: undefined },
    {
      name: 'a pod without a node',
      status: { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/2 nodes are available' }] },
      why: 'pod p on n1: 0/2 nodes are available',
    },
    {
      name: 'a missing image',
      status: {
        containerStatuses: [
          { name: 'c', ready: false, state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } },
        ],
      },
      why: 'pod p on n1: c ErrImagePull: not found',
    },
    {
      name: 'a crash',
      status: {
        containerStatuses: [
          {
            name: 'c',
            ready: false,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 78, message: 'bad setting\n' } },
          },
        ],
      },
      why: 'pod p on n1: c CrashLoopBackOff, ended with 78 bad setting',
    },
    {
      name: 'one that runs',
      status: { containerStatuses: [{ name: 'c', ready: false, state: { running: {} } }] },
      why: 'pod p on n1: c runs but is not ready',
    },
    { name: 'a new pod', status: { phase: 'Pending' }, why: 'pod p on n1: is Pending' },
  ])('says of $name: $why', ({ status, why }) => {
    expect(whyPodWaits({ metadata: { name: 'p' }, spec: { nodeName: 'n1' }, status })).toBe(why)
  })
})

it('objects are applied in an order in which each finds what it needs, webhooks last', () => {
  const kinds = [
    'MutatingWebhookConfiguration',
    'DaemonSet',
    'Lease',
    'RoleBinding',
    'Role',
    'Service',
    'Secret',
    'Namespace',
    'CustomResourceDefinition',
  ]
  const groups = inOrder(kinds.map(kind => ({ apiVersion: 'v1', kind, metadata: { name: 'x' } })))
  expect(groups.map(group => group.map(({ kind }) => kind).join(' '))).toEqual([
    'CustomResourceDefinition',
    'Namespace',
    'Role',
    'RoleBinding',
    'Secret',
    'Service',
    'DaemonSet Lease',
    'MutatingWebhookConfiguration',
  ])
})

it('the leaving forwarder is the installed one under another name, told to leave', () => {
  const forwarder: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'nsm-forwarder', namespace: 'nsm-system', uid: 'x', resourceVersion: '7' },
    spec: {
      selector: { matchLabels: { app: 'nsm-forwarder' } },
      template: {
        metadata: { labels: { app: 'nsm-forwarder' } },
        spec: {
          hostNetwork: true,
          containers: [
            {
              name: 'forwarder',
              image: 'mine:1',
              env: [{ name: 'A', value: 'b' }],
              livenessProbe: {},
              startupProbe: {},
            },
          ],
        },
      },
    },
    status: { numberAvailable: 3 },
  }
  const leaving = leavingForwarder(forwarder)
  expect(leaving).not.toHaveProperty('status')
  expect(leaving.metadata).toEqual({
    name: 'nsm-leave',
    namespace: 'nsm-system',
    labels: { app: 'nsm-leave', 'app.kubernetes.io/part-of': 'nsm' },
  })
  const [container] = listAt(leaving, 'spec', 'template', 'spec', 'containers')
  expect(textAt(container, 'image')).toBe('mine:1')
  expect(container).not.toHaveProperty('livenessProbe')
  expect(listAt(container, 'env')).toEqual([
    { name: 'A', value: 'b' },
    { name: 'NSM_LEAVE_NODE', value: 'true' },
  ])
  // Told twice is told once.
  expect(leavingForwarder(leaving)).toEqual(leaving)
})

function daemonSet(status: object) {
  return { kind: 'DaemonSet', metadata: { generation: 3 }, status: { observedGeneration: 3, ...status } }
}

function deployment(status: object) {
  return {
    kind: 'Deployment',
    metadata: { generation: 1 },
    spec: { replicas: 2 },
    status: { observedGeneration: 1, ...status },
  }
}
