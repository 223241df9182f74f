import { describe, expect, it } from 'vitest'
import type { ClusterPod } from './cluster-pod.ts'
import { podStatus } from './pod-status.ts'

const spec = {
  nodeName: 'a',
  initContainers: [{ name: 'nsm-init' }, { name: 'nsm-sidecar', restartPolicy: 'Always' }],
  containers: [{ name: 'app' }],
}
const done = { name: 'nsm-init', state: { terminated: { exitCode: 0, reason: 'Completed' } } }
const sidecar = { name: 'nsm-sidecar', ready: true, state: { running: {} } }
const app = { name: 'app', ready: true, restartCount: 2, state: { running: {} } }

describe('podStatus()', () => {
  const rows: readonly { readonly name: string; readonly pod: ClusterPod; readonly shown: object }[] = [
    {
      name: 'one that runs',
      pod: {
        spec,
        status: {
          phase: 'Running',
          initContainerStatuses: [done, sidecar],
          containerStatuses: [app],
        },
      },
      shown: { status: 'Running', ready: 2, total: 2, restarts: 2, node: 'a' },
    },
    {
      name: 'one that waits for its services',
      pod: {
        spec,
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            {
              name: 'nsm-init',
              restartCount: 1,
              state: { running: {} },
              lastState: { terminated: { exitCode: 1, message: 'no endpoint\n' } },
            },
          ],
          containerStatuses: [{ name: 'app', state: { waiting: { reason: 'PodInitializing' } } }],
        },
      },
      shown: { status: 'Init:0/2', ready: 0, total: 2, restarts: 1 },
    },
    {
      name: 'one whose init container fails',
      pod: {
        spec,
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            {
              name: 'nsm-init',
              state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
              lastState: { terminated: { exitCode: 1, message: 'no endpoint\n' } },
            },
          ],
        },
      },
      shown: {
        status: 'Init:CrashLoopBackOff',
        containers: [expect.objectContaining({ message: 'no endpoint', exitCode: 1 }), {}, {}].map(
          (one, index) => (index === 0 ? one : expect.anything()),
        ),
      },
    },
    {
      name: 'one that no node takes',
      pod: {
        spec: { containers: [{ name: 'app' }] },
        status: {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', message: 'Insufficient sockets' }],
        },
      },
      shown: {
        status: 'Pending',
        containers: [expect.objectContaining({ message: 'Insufficient sockets' })],
      },
    },
    {
      name: 'one that kubelet refused',
      pod: { spec, status: { phase: 'Failed', reason: 'UnexpectedAdmissionError' } },
      shown: { status: 'UnexpectedAdmissionError' },
    },
    {
      name: 'one that ends',
      pod: { metadata: { deletionTimestamp: 'now' }, spec, status: { phase: 'Running' } },
      shown: { status: 'Terminating' },
    },
    {
      name: 'one of a Deployment',
      pod: {
        metadata: {
          labels: { 'pod-template-hash': '7d4' },
          ownerReferences: [{ kind: 'ReplicaSet', name: 'web-7d4', controller: true }],
        },
      },
      shown: { owner: 'Deployment/web' },
    },
    {
      name: 'one of a StatefulSet',
      pod: { metadata: { ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }] } },
      shown: { owner: 'StatefulSet/db' },
    },
  ]

  it.each(rows)('shows $name as kubectl does', ({ pod, shown }) => {
    expect(podStatus(pod)).toMatchObject(shown)
  })
})
