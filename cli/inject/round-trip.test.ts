import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readConfig } from '#runtime/config.ts'
import { patchConfig, patchSettings } from '#webhook/settings.ts'
import { inheritedIn } from './inherited.ts'
import { injectObject } from './inject-object.ts'
import { readSource } from './read-source.ts'
import { inputs, pod } from './round-trip.fixture.ts'
import { transform } from './transform.ts'
import { uninjectObject } from './uninject-object.ts'

const settings = patchSettings(readConfig(patchConfig, {}))

function inject(text: string, mode: 'init' | 'sidecar' = 'init') {
  const source = { file: 'x', text, documents: readSource('x', text) }
  const context = {
    settings: { ...settings, mode },
    namespace: 'default',
    inheritedIn: inheritedIn([source]),
  }
  return transform(source, found => injectObject(found, context))
}

function uninject(text: string) {
  return transform({ file: 'x', text, documents: readSource('x', text) }, uninjectObject)
}

const states = ({ verdicts }: ReturnType<typeof transform>) => verdicts.map(({ state }) => state)

describe.each(['init', 'sidecar'] as const)('in %s mode', mode => {
  it.each(inputs)('uninject takes inject back byte for byte: $story', ({ text }) => {
    const injected = inject(text, mode)
    expect(states(injected)).toContain('injected')
    expect(injected.text()).not.toBe(text)
    const back = uninject(injected.text())
    expect(states(back)).toEqual(states(injected).map(state => (state === 'injected' ? 'uninjected' : state)))
    expect(back.text()).toBe(text)
  })

  it.each(inputs)('a second inject changes nothing: $story', ({ text }) => {
    const once = inject(text, mode).text()
    expect(inject(once, mode).text()).toBe(once)
  })
})

it.each(inputs)(
  'an injection for another mode takes the first one’s place, and goes as well: $story',
  ({ text }) => {
    const again = inject(inject(text, 'init').text(), 'sidecar')
    expect(uninject(again.text()).text()).toBe(text)
  },
)

it.each(inputs)('every line of the input is still there: $story', ({ text }) => {
  if (text.includes('*') || text.includes(' null') || text.includes('~') || !text.includes('\n')) return
  const lines = inject(text).text().split('\n')
  const missing = text
    .split('\n')
    .filter(
      line =>
        !/[[{}\]]/.test(line) && !lines.some(found => found.startsWith(line.trimEnd().replace(/\r$/, ''))),
    )
  expect(missing).toEqual([])
})

it('a file of many objects takes time in proportion, and comes back', () => {
  const text = Array.from({ length: 500 }, (_, index) => pod.replace('name: web', `name: web-${index}`)).join(
    '---\n',
  )
  const injected = inject(text)
  expect(injected.verdicts).toHaveLength(500)
  expect(uninject(injected.text()).text()).toBe(text)
})

it('a list of many objects comes back', () => {
  const item = {
    kind: 'Pod',
    metadata: { annotations: { 'networkservicemesh.io': 'a' } },
    spec: { containers: [] },
  }
  const text = JSON.stringify({ kind: 'List', items: Array.from({ length: 500 }, () => item) }, undefined, 4)
  expect(uninject(inject(text).text()).text()).toBe(text)
})

/** Ways in which people disturb a line. */
const disturbances: readonly ((line: string, blanks: number) => string)[] = [
  (line, blanks) => `${' '.repeat(blanks)}# note\n${line}`,
  line => `\n${line}`,
  line => `   \n${line}`,
  line => `${line} # why`,
  line => `${line}  `,
  line => line.replace(/: *(\S+)$/, ':  $1'),
  line => line.replace(/:$/, ': &anchor'),
  line => line.replace(/^( *)- (\S)/, '$1-   $2'),
]

const disturbed = fc
  .record({
    input: fc.constantFrom(...inputs),
    changes: fc.array(
      fc.record({ at: fc.nat(60), how: fc.constantFrom(...disturbances), blanks: fc.nat(9) }),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ input, changes }) => {
    const eol = input.text.includes('\r\n') ? '\r\n' : '\n'
    const lines = input.text.split(eol)
    for (const { at, how, blanks } of changes) {
      const index = at % lines.length
      lines[index] = how(lines[index] ?? '', blanks).replaceAll('\n', eol)
    }
    return lines.join(eol)
  })

it('uninject takes inject back byte for byte, whatever people do to blanks and comments', () => {
  fc.assert(
    fc.property(disturbed, fc.constantFrom('init' as const, 'sidecar' as const), (text, mode) => {
      fc.pre(isYaml(text))
      expect(uninject(inject(text, mode).text()).text()).toBe(text)
    }),
    { numRuns: 300 },
  )
}, 30_000)

function isYaml(text: string): boolean {
  try {
    return readSource('x', text).length > 0
  } catch {
    return false
  }
}
