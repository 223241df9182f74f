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
