import { describe, expect, it } from 'vitest'
import { goldenCases, settings } from '#webhook/golden.contract.ts'
import { review } from '#webhook/review.ts'
import { newReviewer } from './remember.ts'

describe('a reviewer', () => {
  it.each(goldenCases())(
    'answers $name as review() does, the second time too, with the uid of the question',
    ({ question, context }) => {
      const reviewer = newReviewer(context.settings)
      for (const uid of ['first', 'second', 'third']) {
        const asked = { ...question, request: { ...question.request, uid } }
        expect(reviewer(asked, context.inherited)).toEqual(review(asked, context))
      }
    },
  )

  it('answers all goldens in a row, forth and back, as review() does', () => {
    const reviewer = newReviewer(settings)
    const cases = goldenCases()
    for (const { question, context } of [...cases, ...cases.toReversed()])
      expect(reviewer(question, context.inherited)).toEqual(review(question, { ...context, settings }))
  })

  it('reviews what is alike only twice', () => {
    let reads = 0
    const counted = {
      ...settings,
      get ignoredNamespaces() {
        reads++
        return settings.ignoredNamespaces
      },
    }
    const reviewer = newReviewer(counted)
    const ask = (name: string) => reviewer(questionAbout({ name }))
    ask('a')
    const once = reads
    expect(once).toBeGreaterThan(0)
    for (let time = 0; time < 10; time++) ask('a')
    expect(reads).toBe(2 * once)
    ask('b')
    expect(reads).toBe(3 * once)
    for (let other = 0; other < 300; other++) ask(`c-${other}`)
    const before = reads
    ask('a')
    expect(reads).toBe(before + once)
  })

  it('tells null from a number that is too large', () => {
    const reviewer = newReviewer(settings)
    for (const cpu of ['1e999', 'null', '1e999']) {
      const limits = JSON.parse(`{"cpu":${cpu},"memory":"1Gi"}`) as unknown
      const asked = questionAbout({ limits })
      expect(reviewer(asked)).toEqual(review(asked, { settings }))
    }
  })
})

function questionAbout({ name = 'a', limits }: { readonly name?: string; readonly limits?: unknown }) {
  const container = { name: 'app', resources: { limits } }
  const annotations = { 'networkservicemesh.io': 'kernel://a' }
  const object = { metadata: { name, annotations }, spec: { containers: [container] } }
  const request = { uid: 'u', kind: { kind: 'Pod' }, operation: 'CREATE', namespace: 'default', object }
  return { apiVersion: 'admission.k8s.io/v1', request } as const
}
