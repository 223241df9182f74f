import { describe, expect, it } from 'vitest'
import type { ReviewQuestion } from '#kube/admission-review.ts'
import { eventObject } from '#kube/events/event-object.ts'
import { shortNote } from '#kube/events/short-note.ts'
import { reportOf, type Told } from './report.ts'

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-6d5', uid: 'u1', controller: true }

const kinds = {
  pod: { group: '', version: 'v1', kind: 'Pod' },
  deployment: { group: 'apps', version: 'v1', kind: 'Deployment' },
  namespace: { group: '', version: 'v1', kind: 'Namespace' },
}

function question(of: keyof typeof kinds, metadata: object = {}, more: object = {}): ReviewQuestion {
  const request = {
    uid: 'r',
    operation: 'CREATE',
    kind: kinds[of],
    namespace: 'blue',
    object: { metadata },
    ...more,
  }
  return { apiVersion: 'admission.k8s.io/v1', request }
}

const injected: Told = { result: 'injected', reasons: [] }

describe('reportOf()', () => {
  it.each([
    { name: 'an injected pod', told: injected, type: 'Normal', reason: 'NetworkServicesInjected' },
    {
      name: 'a pod on the host network',
      told: { result: 'skipped', reasons: ['host-network'] },
      type: 'Warning',
      reason: 'NetworkServicesSkipped',
    },
    {
      name: 'a pod on Windows',
      told: { result: 'skipped', reasons: ['windows-pod'] },
      type: 'Warning',
      reason: 'NetworkServicesSkipped',
    },
    {
      name: 'a refused pod',
      told: { result: 'denied', reasons: ['refused: BAD_ANNOTATION'] },
      type: 'Warning',
      reason: 'NetworkServicesRefused',
    },
  ] as const)('reports $name on its controller', ({ told, type, reason }) => {
    expect(reportOf({ ...told, owner }, question('pod', { generateName: 'web-6d5-' }))).toMatchObject({
      regarding: { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: 'blue', name: 'web-6d5', uid: 'u1' },
      type,
      reason,
    })
  })

  it('reports a refusal with the words that the user of a bare pod reads', () => {
    const told: Told = { result: 'denied', reasons: [], message: 'annotation x, entry 2: empty', owner }
    expect(reportOf(told, question('pod'))).toMatchObject({ note: 'annotation x, entry 2: empty' })
  })

  it('says which services a pod gets', () => {
    expect(reportOf({ ...injected, message: 'vpn/vpn0', owner }, question('pod'))).toMatchObject({
      note: 'a pod asks for vpn/vpn0: it gets the container that connects it',
    })
  })

  it('reports a workload on itself', () => {
    const told: Told = { result: 'changed', reasons: [] }
    expect(reportOf(told, question('deployment', { name: 'web', uid: 'u2' }))).toEqual({
      regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'blue', name: 'web', uid: 'u2' },
      type: 'Normal',
      reason: 'NetworkServicesInjected',
      note: 'the pod template follows the annotation of the Deployment',
    })
  })

  it('reports a pod without a controller on itself when it can be found', () => {
    expect(reportOf(injected, question('pod', { name: 'alone', uid: 'u3' }))).toMatchObject({
      regarding: { apiVersion: 'v1', kind: 'Pod', name: 'alone', uid: 'u3' },
    })
  })

  it.each([
    { name: 'a pod without controller and uid', told: injected, asked: question('pod', { name: 'alone' }) },
    {
      name: 'an opted-out pod',
      told: { result: 'skipped', reasons: ['opted-out'], owner },
      asked: question('pod'),
    },
    {
      name: 'a pod that is as it should be',
      told: { result: 'skipped', reasons: ['already-injected'], owner },
      asked: question('pod'),
    },
    {
      name: 'a namespace',
      told: { result: 'changed', reasons: [] },
      asked: question('namespace', { name: 'blue', uid: 'u' }),
    },
    {
      name: 'an owner whose name nobody can have',
      told: { ...injected, owner: { ...owner, name: 'x'.repeat(254) } },
      asked: question('pod'),
    },
    { name: 'a dry run', told: { ...injected, owner }, asked: question('pod', {}, { dryRun: true }) },
    {
      name: 'a workload without a name',
      told: { result: 'changed', reasons: [] },
      asked: question('deployment', { generateName: 'web-' }),
    },
  ] as const)('says nothing of $name', ({ told, asked }) => {
    expect(reportOf(told, asked)).toBeUndefined()
  })
})

describe('shortNote()', () => {
  it.each([
    { name: 'short text', text: 'all of it', note: 'all of it' },
    { name: 'several lines', text: 'one\n  two\n', note: 'one two' },
    { name: 'exactly 1024 bytes', text: 'é'.repeat(512), note: 'é'.repeat(512) },
    { name: 'two bytes too many', text: 'é'.repeat(513), note: `${'é'.repeat(510)}…` },
    { name: 'a megabyte', text: 'x'.repeat(1 << 20), note: `${'x'.repeat(1021)}…` },
  ])('keeps $name within 1024 bytes without splitting a character', ({ text, note }) => {
    expect(shortNote(text)).toBe(note)
  })
})

it('eventObject() counts what was repeated before it was sent', () => {
  const report = reportOf({ result: 'denied', reasons: ['BAD_ANNOTATION'], owner }, question('pod'))
  if (report === undefined) throw new Error('no report')
  expect(
    eventObject(
      report,
      { count: 3, first: 0, last: 1500 },
      {
        name: 'web.1',
        controller: 'networkservicemesh.io/webhook',
        instance: 'w',
        action: 'Admit',
      },
    ),
  ).toMatchObject({
    eventTime: '1970-01-01T00:00:00.000000Z',
    series: { count: 3, lastObservedTime: '1970-01-01T00:00:01.500000Z' },
  })
})
