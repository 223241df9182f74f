import { expect, test } from 'vitest'
import { ignoredFields } from './ignored-fields.ts'

test.each([
  { story: 'nothing special', spec: { containers: [{ name: 'a' }] }, fields: [] },
  {
    story: 'the socket resource',
    spec: { containers: [{ resources: { limits: { 'networkservicemesh.io/socket': '1' } } }] },
    fields: [],
  },
  { story: 'a user of the pod', spec: { securityContext: { runAsUser: 1 } }, fields: ['runAsUser'] },
  {
    story: 'a user of two containers, and volumes',
    spec: {
      volumes: [],
      containers: [
        { securityContext: { runAsUser: 1 } },
        { securityContext: { runAsUser: 2 }, volumeMounts: [] },
      ],
    },
    fields: ['volumes', 'volumeMounts', 'runAsUser'],
  },
  {
    story: 'affinity to nodes, and a preference for being apart from other pods',
    spec: {
      containers: [],
      affinity: {
        nodeAffinity: {},
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] },
        podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
      },
    },
    fields: ['nodeAffinity', 'preferredDuringSchedulingIgnoredDuringExecution'],
  },
  {
    story: 'memory of an init container',
    spec: { initContainers: [{ resources: { requests: { memory: '1Gi' } } }] },
    fields: ['resources (cpu, memory)'],
  },
])('ignoredFields() names $fields when a pod has $story', ({ spec, fields }) => {
  expect(ignoredFields(spec)).toEqual(fields)
})
