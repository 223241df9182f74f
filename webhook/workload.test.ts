import { describe, expect, it } from 'vitest'
import type { WorkloadKind } from '#kube/workload.ts'
import { patchWorkload } from './workload.ts'

const key = 'ns.networkservicemesh.io'
const other = 'networkservicemesh.io'

function deployment(
  own: Readonly<Record<string, string>>,
  template: Readonly<Record<string, string>> = {},
  meta: object = {},
) {
  return {
    metadata: { ...meta, annotations: own },
    spec: { template: { metadata: { annotations: template } } },
  }
}

describe('patchWorkload()', () => {
  it.each<{ readonly kind: WorkloadKind; readonly path: string }>([
    { kind: 'Deployment', path: '/spec/template' },
    { kind: 'StatefulSet', path: '/spec/template' },
    { kind: 'DaemonSet', path: '/spec/template' },
    { kind: 'ReplicaSet', path: '/spec/template' },
    { kind: 'Job', path: '/spec/template' },
    { kind: 'CronJob', path: '/spec/jobTemplate/spec/template' },
  ])('writes into the template of a $kind, at $path', ({ kind, path }) => {
    const template = { spec: {} }
    const spec = kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template }
    expect(patchWorkload({ kind, object: { metadata: { annotations: { [key]: 'a' } }, spec } })).toEqual({
      patch: [{ op: 'add', path: `${path}/metadata`, value: { annotations: { [key]: 'a' } } }],
      reasons: ['template-follows'],
      warnings: [],
    })
  })

  it('writes one annotation and takes the other out in one go', () => {
    const result = patchWorkload({
      kind: 'Deployment',
      object: deployment({ [other]: 'b' }, { [key]: 'a', x: 'y' }),
      oldObject: deployment({ [key]: 'a' }, { [key]: 'a', x: 'y' }),
    })
    expect(result.patch).toEqual([
      { op: 'add', path: `/spec/template/metadata/annotations/${other}`, value: 'b' },
      { op: 'remove', path: `/spec/template/metadata/annotations/${key}` },
    ])
  })

  it.each([
    {
      name: 'what a controller made',
      meta: { ownerReferences: [{ kind: 'X', controller: true }] },
      reason: 'has-controller',
    },
    {
      name: 'what is being deleted',
      meta: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      reason: 'being-deleted',
    },
  ])('leaves $name alone, even what is malformed', ({ meta, reason }) => {
    const object = deployment({ [key]: 'a/b/c' }, {}, meta)
    expect(patchWorkload({ kind: 'ReplicaSet', object })).toEqual({
      patch: [],
      reasons: [reason],
      warnings: [],
    })
  })

  it('does not take an owner for a controller', () => {
    const object = deployment(
      { [key]: 'a' },
      {},
      { ownerReferences: [{ kind: 'X', controller: false }, { kind: 'Y' }] },
    )
    expect(patchWorkload({ kind: 'Deployment', object }).reasons).toEqual(['template-follows'])
  })

  it.each([
    { name: 'new', now: { [key]: 'a/b/c' }, before: undefined },
    { name: 'changed', now: { [key]: 'a/b/c' }, before: { [key]: 'a' } },
    { name: 'the second of two', now: { [key]: 'a', [other]: '' }, before: { [key]: 'a' } },
  ])('refuses a malformed value that is $name', ({ now, before }) => {
    const old = before === undefined ? {} : { oldObject: deployment(before) }
    expect(() => patchWorkload({ kind: 'Deployment', object: deployment(now), ...old })).toThrow(
      expect.objectContaining({ code: 'BAD_ANNOTATION' }),
    )
  })

  it('lets a malformed value be that was there before', () => {
    const stuck = deployment({ [key]: 'a/b/c' }, { [key]: 'a/b/c' })
    expect(patchWorkload({ kind: 'Deployment', object: stuck, oldObject: stuck }).patch).toEqual([])
  })

  it('tells of a Job that is there what to do, and lets it be made with the annotation', () => {
    const object = deployment({ [key]: 'a' })
    expect(patchWorkload({ kind: 'Job', object }).reasons).toEqual(['template-follows'])
    expect(patchWorkload({ kind: 'Job', object, oldObject: deployment({}) })).toMatchObject({
      patch: [],
      reasons: ['immutable-template'],
      warnings: [expect.stringContaining('make the Job anew')],
    })
  })
})
