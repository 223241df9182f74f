import { describe, expect, it } from 'vitest'
import { judgeNamespaceLabels } from './namespace-labels.ts'
import type { KindOfWorkload } from './objects.ts'
import { judgeTemplates } from './templates.ts'

const key = 'ns.networkservicemesh.io'

function workload(kind: KindOfWorkload['kind'], own: object, template: object): KindOfWorkload {
  const pod = { metadata: { annotations: template } }
  const spec = kind === 'CronJob' ? { jobTemplate: { spec: { template: pod } } } : { template: pod }
  return { kind, object: { metadata: { name: 'web', namespace: 'blue', annotations: { ...own } }, spec } }
}

describe('judgeTemplates()', () => {
  it.each([
    { name: 'a workload without the annotation', of: workload('Deployment', {}, { [key]: 'vpn' }) },
    { name: 'a template that follows', of: workload('CronJob', { [key]: 'vpn' }, { [key]: 'vpn' }) },
  ])('says nothing of $name', ({ of }) => {
    expect(judgeTemplates([of])).toEqual([])
  })

  it('leaves what a controller made to that controller', () => {
    const { kind, object } = workload('ReplicaSet', { [key]: 'vpn' }, {})
    const metadata = { ...object.metadata, ownerReferences: [{ kind: 'Deployment', controller: true }] }
    expect(judgeTemplates([{ kind, object: { ...object, metadata } }])).toEqual([])
  })

  it.each([
    {
      kind: 'Deployment',
      remedy: `kubectl -n blue annotate --overwrite deployment web '${key}=it'\\''s'`,
    },
    { kind: 'Job', remedy: 'make the Job anew: its template cannot change' },
  ] as const)('finds a $kind whose template lacks it', ({ kind, remedy }) => {
    expect(judgeTemplates([workload(kind, { [key]: "it's" }, {})])).toMatchObject([
      { severity: 'warning', object: `${kind} blue/web`, remedy },
    ])
  })

  it('notes a template with a value of its own', () => {
    expect(judgeTemplates([workload('Deployment', { [key]: 'vpn' }, { [key]: 'other' })])).toMatchObject([
      { severity: 'note', finding: expect.stringContaining('"other"') as string },
    ])
  })
})

describe('judgeNamespaceLabels()', () => {
  const label = { 'networkservicemesh.io/inherit': 'true' }
  it.each([
    { name: 'both', labels: label, annotations: { [key]: 'vpn' }, remedies: [] },
    { name: 'neither', labels: {}, annotations: {}, remedies: [] },
    {
      name: 'the annotation alone',
      labels: {},
      annotations: { [key]: 'vpn/vpn0' },
      remedies: [`kubectl annotate --overwrite namespace blue '${key}=vpn/vpn0'`],
    },
    {
      name: 'the label alone',
      labels: label,
      annotations: {},
      remedies: ['kubectl label namespace blue networkservicemesh.io/inherit-'],
    },
  ])('finds $remedies.length wrong with $name', ({ labels, annotations, remedies }) => {
    const found = judgeNamespaceLabels([{ metadata: { name: 'blue', labels, annotations } }])
    expect(found.map(({ remedy }) => remedy)).toEqual(remedies)
  })
})
