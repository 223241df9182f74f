import { expect, it } from 'vitest'
import { metricsText } from './metrics-text.ts'

it('writes help, type and one line per sample, leaves out empty labels, and escapes the others', () => {
  const samples = [
    { labels: {}, value: 1 },
    { labels: { a: 'x"y\\z\n', b: '' }, value: 2n ** 64n - 1n },
  ]
  expect(metricsText([{ name: 'n_total', type: 'counter', help: 'Some.', samples }])).toBe(
    '# HELP n_total Some.\n# TYPE n_total counter\nn_total 1\nn_total{a="x\\"y\\\\z\\n"} 18446744073709551615\n',
  )
})
