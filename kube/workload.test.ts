import { describe, expect, it } from 'vitest'
import { controllerOf, describeObject } from './meta.ts'
import { isGuaranteedByContainers } from './pod.ts'
import { isWorkloadKind, podTemplateOf, readWorkload } from './workload.ts'

const template = { metadata: { annotations: { a: 'b' } }, spec: { containers: [] } }

describe('podTemplateOf()', () => {
  it.each([
    { kind: 'Deployment', spec: { template } },
    { kind: 'Job', spec: { template } },
    { kind: 'CronJob', spec: { jobTemplate: { spec: { template } } } },
  ] as const)('finds the pod template of a $kind', ({ kind, spec }) => {
    expect(podTemplateOf(kind, { spec })).toEqual(template)
  })

  it.each([{}, { spec: null }, { spec: [] }, { spec: { template: 'x' } }])('finds none in %j', object => {
    expect(podTemplateOf('Deployment', object)).toBeUndefined()
  })
})

describe('readWorkload()', () => {
  it.each([
    { name: 'no spec', json: {}, says: 'CronJob /spec is missing' },
    { name: 'no job template', json: { spec: {} }, says: 'CronJob /spec/jobTemplate is missing' },
    {
      name: 'a template that is null',
      json: { spec: { jobTemplate: { spec: { template: null } } } },
      says: 'CronJob /spec/jobTemplate/spec/template is null',
    },
  ])('names the place with $name', ({ json, says }) => {
    expect(() => readWorkload('CronJob', json)).toThrow(says)
  })
})

describe('isWorkloadKind()', () => {
  it.each([
    { kind: 'StatefulSet', is: true },
    { kind: 'Pod', is: false },
    { kind: 'toString', is: false },
  ])('is $is for $kind', ({ kind, is }) => {
    expect(isWorkloadKind(kind)).toBe(is)
  })
})

describe('controllerOf()', () => {
  it.each([
    { name: 'no owner', owners: undefined, is: undefined },
    { name: 'null', owners: null, is: undefined },
    { name: 'an owner that does not control', owners: [{ kind: 'Application' }], is: undefined },
    {
      name: 'a controller',
      owners: [{ kind: 'Application' }, { kind: 'Deployment', controller: true }],
      is: 'Deployment',
    },
  ])('is $is with $name', ({ owners, is }) => {
    const metadata = owners === undefined ? {} : { ownerReferences: owners }
    expect(controllerOf({ metadata })?.kind).toBe(is)
  })
})

describe('describeObject()', () => {
  it.each([
    { object: { kind: 'Pod', metadata: { name: 'web', namespace: 'default' } }, text: 'Pod default/web' },
    {
      object: { kind: 'Pod', metadata: { generateName: 'web-', namespace: 'default' } },
      text: 'Pod default/web-*',
    },
    { object: {}, text: 'object without a name' },
  ])('says $text', ({ object, text }) => {
    expect(describeObject(object)).toBe(text)
  })
})

describe('isGuaranteedByContainers()', () => {
  const limits = { cpu: '1', memory: '1Gi' }
  it.each([
    { name: 'no container', containers: [], is: false },
    { name: 'no limits', containers: [{}], is: false },
    { name: 'no memory limit', containers: [{ resources: { limits: { cpu: '1' } } }], is: false },
    { name: 'limits only', containers: [{ resources: { limits } }], is: true },
    { name: 'equal requests', containers: [{ resources: { limits, requests: limits } }], is: true },
    {
      name: 'a smaller request',
      containers: [{ resources: { limits, requests: { cpu: '500m' } } }],
      is: false,
    },
    { name: 'one container without', containers: [{ resources: { limits } }, {}], is: false },
  ])('is $is with $name', ({ containers, is }) => {
    expect(isGuaranteedByContainers({ spec: { containers } })).toBe(is)
  })
})
