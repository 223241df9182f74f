import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { injectObject } from '#cli/inject/inject-object.ts'
import { readSource } from '#cli/inject/read-source.ts'
import { transform } from '#cli/inject/transform.ts'
import { uninjectObject } from '#cli/inject/uninject-object.ts'
import type { Judge } from '#cli/inject/verdict.ts'
import { type GoldenCase, goldenCases, patched } from '#webhook/golden.contract.ts'
import { review } from '#webhook/review.ts'

/** Pods only: into a workload, `nsm inject` renders what the webhook does later to its pods. */
const cases = goldenCases().filter(({ object }) => object.kind === 'Pod')

/** How the file of a case is written; kubectl reads YAML 1.1, where `yes` without quotes is no text. */
const forms = [
  {
    form: 'YAML',
    write: (value: unknown) => stringify(value, { aliasDuplicateObjects: false, version: '1.1' }),
  },
  { form: 'JSON', write: (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n` },
]

describe.each(forms)('a pod in a file of $form', ({ write }) => {
  it.each(cases)('becomes what the webhook makes of it, and comes back: $name', golden => {
    const { response } = review(golden.question, golden.context).answer
    const text = write(golden.object)
    const injected = run(text, found => injectObject(found, contextOf(golden)))
    const [verdict] = injected.verdicts
    if (!response.allowed) {
      expect(verdict?.state).toBe('refused')
      expect(response.status?.message).toContain(verdict?.says)
      expect(injected.text()).toBe(text)
      return
    }
    expect(verdict?.reasons.join(', ')).toBe(response.auditAnnotations?.['decision'])
    expect(verdict?.warnings.map(beginning)).toEqual((response.warnings ?? []).map(beginning))
    const [made] = readSource('golden', injected.text())
    expect(made?.value).toEqual(patched(golden.object, response))
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

/** The API server takes warnings up to a length. */
function beginning(warning: string): string {
  return warning.slice(0, 255)
}
