import { describe, expect, it } from 'vitest'
import type { ReviewQuestion } from '#kube/admission-review.ts'
import { readPod } from '#kube/pod.ts'
import {
  ask,
  describeAnswer,
  type GoldenCase,
  goldenCases,
  operationsOf,
  patched,
  settings,
  strayFiles,
} from './golden.contract.ts'
import { review } from './review.ts'
import { unpatchPod } from './unpatch.ts'

const cases = goldenCases()
const context = { settings }

/** Every theme, and how many cases it has at least, so that none is lost. */
const themes = {
  again: 25,
  alone: 16,
  annotation: 31,
  asked: 37,
  empty: 13,
  future: 7,
  kinds: 15,
  large: 4,
  namespaces: 15,
  order: 11,
  overrides: 23,
  qos: 14,
  security: 12,
  sidecar: 15,
  text: 11,
  workloads: 27,
}

describe('the goldens', () => {
  it('have every theme, and no theme has fewer cases than it had', () => {
    const counts = Map.groupBy(cases, ({ name }) => name.split('/')[0] ?? '')
    expect([...counts.keys()]).toEqual(Object.keys(themes))
    for (const [theme, least] of Object.entries(themes))
      expect(counts.get(theme)?.length, theme).toBeGreaterThanOrEqual(least)
  })

  it('have no file among them that is no case', () => {
    expect(strayFiles()).toEqual([])
  })

  it.each(cases)('say in a sentence what $name is', ({ input }) => {
    expect(input).toMatch(/^# [^\n]+[.?]\nobject:\n/)
  })
})

describe('review()', () => {
  it.each(cases)('answers $name as its golden says', async golden => {
    await expect(describeAnswer(golden, answerTo(golden))).toMatchFileSnapshot(golden.file)
  })

  it.each(cases)('changes nothing in a second pass over $name', golden => {
    const first = answerTo(golden)
    if (!first.allowed) return
    const second = answerTo(golden, patched(golden.object, first))
    expect(second).not.toHaveProperty('patch')
    expect(second.allowed).toBe(true)
  })

  it.each(cases.filter(({ object }) => object.kind === 'Pod'))('can be taken back: $name', golden => {
    const first = answerTo(golden)
    const before = unpatchPod(readPod(golden.object)).pod
    const after = unpatchPod(readPod(patched(golden.object, first))).pod
    expect(after).toEqual(before)
    // Without an earlier injection not even the order of keys may differ.
    if (before === golden.object) expect(JSON.stringify(after)).toBe(JSON.stringify(before))
  })

  it.each(cases)('writes over nothing that is there, in $name', golden => {
    let object = golden.object
    for (const operation of operationsOf(answerTo(golden).patch)) {
      const keys = operation.path.split('/').slice(1).map(unescaped)
      const isItem = /^[0-9]+$/.test(keys.at(-1) ?? '')
      const isOurs = /^(?:ns\.)?networkservicemesh\.io/.test(keys.at(-1) ?? '')
      if (operation.op === 'add' && !isItem && !isOurs)
        expect(valueAt(object, keys) ?? null, operation.path).toBe(null)
      object = patched(object, { uid: '', allowed: true, patch: encoded(operation) })
    }
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

/** The answer to a case or, in its place, about another state of its object. */
function answerTo({ question, context: of }: GoldenCase, object: unknown = question.request.object) {
  return review({ ...question, request: { ...question.request, object } }, of).answer.response
}

function valueAt(json: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    json,
  )
}

function encoded(operation: unknown): string {
  return Buffer.from(JSON.stringify([operation])).toString('base64')
}

function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~')
}
