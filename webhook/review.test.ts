import { describe, expect, it } from 'vitest'
import type { ReviewQuestion } from '#kube/admission-review.ts'
import { readPod } from '#kube/pod.ts'
import { ask, describeAnswer, goldenCases, patched, settings, strayFiles } from './golden.contract.ts'
import { review } from './review.ts'
import { unpatchPod } from './unpatch.ts'

const cases = goldenCases()
const context = { settings }

describe('review()', () => {
  it.each(cases)('answers $name as its golden says', async golden => {
    const { answer } = review(golden.question, golden.context)
    await expect(describeAnswer(golden, answer.response)).toMatchFileSnapshot(golden.file)
  })

  it('has no file among the goldens that is no case', () => {
    expect(strayFiles()).toEqual([])
  })

  it.each(cases)('changes nothing in a second pass over $name', golden => {
    const first = review(golden.question, golden.context).answer.response
    if (!first.allowed) return
    const again = patched(golden.object, first)
    const request = { ...golden.question.request, object: again }
    const second = review({ ...golden.question, request }, golden.context).answer.response
    expect(second).not.toHaveProperty('patch')
    expect(second.allowed).toBe(true)
  })

  it.each(cases.filter(({ object }) => object.kind === 'Pod'))('can be taken back: $name', golden => {
    const first = review(golden.question, golden.context).answer.response
    const before = unpatchPod(readPod(golden.object)).pod
    expect(unpatchPod(readPod(patched(golden.object, first))).pod).toEqual(before)
  })

  it.each(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'] as const)(
    'answers %s in its own version, with the uid',
    apiVersion => {
      const question = cases[0]?.question ?? ask({ kind: 'Pod', metadata: { namespace: 'default' } })
      expect(review({ ...question, apiVersion }, context).answer).toMatchObject({
        apiVersion,
        kind: 'AdmissionReview',
        response: { uid: 'u-1' },
      })
    },
  )

  it.each([
    { name: 'a pod that is updated', kind: 'Pod', operation: 'UPDATE', object: {} },
    { name: 'a kind that makes no pods', kind: 'ConfigMap', operation: 'CREATE', object: {} },
    {
      name: 'a kind named like a field of every object',
      kind: 'constructor',
      operation: 'CREATE',
      object: {},
    },
    { name: 'a deletion', kind: 'Deployment', operation: 'DELETE', object: null },
  ])('allows $name unchanged', ({ kind, operation, object }) => {
    const request: ReviewQuestion['request'] = { uid: 'u', kind: { kind }, operation, object }
    expect(review({ apiVersion: 'admission.k8s.io/v1', request }, context).answer.response).toEqual({
      uid: 'u',
      allowed: true,
      auditAnnotations: { decision: 'not-our-kind' },
    })
  })

  it.each([
    { name: 'no spec', object: { metadata: {} }, says: 'Pod /spec is missing, expected an object' },
    {
      name: 'a number as annotation',
      object: { metadata: { annotations: { a: 1 } }, spec: {} },
      says: 'Pod /metadata/annotations/a is a number, expected text in quotes',
    },
    {
      name: 'a list as metadata',
      object: { metadata: [], spec: {} },
      says: 'Pod /metadata is a list, expected an object',
    },
    {
      name: 'containers that are an object',
      object: { spec: { containers: {} } },
      says: 'Pod /spec/containers is an object, expected a list',
    },
    {
      name: 'a container that is text',
      object: { spec: { initContainers: ['a'] } },
      says: 'Pod /spec/initContainers/0 is a string, expected an object',
    },
  ])('refuses a pod with $name, naming the place', ({ object, says }) => {
    const request: ReviewQuestion['request'] = {
      uid: 'u',
      kind: { kind: 'Pod' },
      operation: 'CREATE',
      object,
    }
    const { response } = review({ apiVersion: 'admission.k8s.io/v1', request }, context).answer
    expect(response.allowed).toBe(false)
    expect(response.status?.message).toContain(says)
  })
})
