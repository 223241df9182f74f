import { describe, expect, it } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { type GoldenCase, goldenCases, patched } from '#webhook/golden.contract.ts'
import { review } from '#webhook/review.ts'
import { injectObject } from './inject-object.ts'
import { readSource } from './read-source.ts'
import { transform } from './transform.ts'
import { uninjectObject } from './uninject-object.ts'
import type { Judge } from './verdict.ts'

const cases = goldenCases().filter(({ object }) => object.kind === 'Pod')

/** How the file of a case is written. */
const forms = [
  { form: 'YAML', write: (value: unknown) => stringify(value, { aliasDuplicateObjects: false }) },
  { form: 'JSON', write: (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n` },
]

describe.each(forms)('a pod in $form', ({ write }) => {
  it.each(cases)('becomes offline what the webhook makes of it: $name', golden => {
    const { response } = review(golden.question, golden.context).answer
    const text = write(golden.object)
    const injected = run(text, found => injectObject(found, contextOf(golden)))
    const [verdict] = injected.verdicts
    if (!response.allowed) {
      expect(verdict).toMatchObject({ state: 'refused', says: expect.any(String) })
      expect(response.status?.message).toContain(verdict?.says)
      expect(injected.text()).toBe(text)
      return
    }
    expect(verdict?.reasons.join(', ')).toBe(response.auditAnnotations?.['decision'])
    expect(parseAllDocuments(injected.text())[0]?.toJS()).toEqual(patched(golden.object, response))
    if (verdict?.state === 'injected' && !text.includes('networkservicemesh.io/status'))
      expect(run(injected.text(), uninjectObject).text()).toBe(text)
  })
})

function run(text: string, judge: Judge) {
  return transform({ file: 'golden', text, documents: readSource('golden', text) }, judge)
}

function contextOf({ context, inherited }: GoldenCase) {
  return { settings: context.settings, namespace: 'default', inheritedIn: () => inherited ?? {} }
}
