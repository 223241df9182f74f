import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { injectObject } from '#cli/inject/inject-object.ts'
import { readSource } from '#cli/inject/read-source.ts'
import { type Transformed, transform } from '#cli/inject/transform.ts'
import { uninjectObject } from '#cli/inject/uninject-object.ts'
import { type GoldenCase, goldenCases, patched } from '#webhook/golden.contract.ts'
import { review } from '#webhook/review.ts'

/** Ways to write an object; the first is how kubectl prints it. */
const styles: readonly ((object: unknown) => string)[] = [
  object => stringify(object, { indentSeq: false, aliasDuplicateObjects: false, lineWidth: 80 }),
  object => JSON.stringify(object, undefined, 4),
]

function inject({ context, object }: GoldenCase, text: string): Transformed {
  const { settings, inherited = {} } = context
  const namespace = object.metadata?.namespace ?? 'default'
  return transform({ file: 'x', text, documents: readSource('x', text) }, found =>
    injectObject(found, { settings, namespace, inheritedIn: () => inherited }),
  )
}

function uninject(text: string): string {
  return transform({ file: 'x', text, documents: readSource('x', text) }, uninjectObject).text()
}

/** The API server cuts long warnings. */
const shortened = (text: string) => text.slice(0, 200)

const cases = goldenCases()
const pods = cases.filter(({ object }) => object.kind === 'Pod')
const workloads = cases.filter(({ object }) => !['Pod', 'Namespace'].includes(object.kind))

describe.each(styles)('an object written in style %#', write => {
  it.each(pods)(
    'nsm inject makes of $name what the webhook makes of it',
    golden => {
      const { answer } = review(golden.question, golden.context)
      const { response } = answer
      const text = write(golden.object)
      const injected = inject(golden, text)
      const [verdict] = injected.verdicts
      if (!response.allowed) {
        expect(verdict).toMatchObject({ state: 'refused' })
        return
      }
      expect(verdict?.warnings.map(shortened)).toEqual((response.warnings ?? []).map(shortened))
      const result = injected.text()
      expect(parse(result)).toEqual(patched(golden.object, response))
      expect(inject(golden, result).text()).toBe(result)
      if (!golden.name.startsWith('again/') && verdict?.state === 'injected')
        expect(uninject(result)).toBe(text)
    },
    30_000,
  )

  it.each(workloads)('nsm uninject takes back what nsm inject makes of $name', golden => {
    const text = write(golden.object)
    const injected = inject(golden, text)
    expect(uninject(injected.text())).toBe(text)
  })
})
