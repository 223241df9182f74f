import { expect, test } from 'vitest'
import { exampleCrossConnect } from './example.ts'
import { defaultProbing, probingOf } from './probing.ts'

const ends = {
  source: { name: 'a', netns: { cookie: 2n } },
  destination: { name: 'b', netns: { cookie: 3n } },
}

function crossConnect(extraContext: Record<string, string>) {
  return exampleCrossConnect({ ...ends, context: { extraContext } })
}

test.each([
  { whose: 'asked', extra: {}, probing: undefined },
  { whose: 'asked', extra: { livenessCheck: 'on' }, probing: { intervalMs: 1000, loss: 3 } },
  { whose: 'asked', extra: { livenessInterval: '200ms' }, probing: { intervalMs: 200, loss: 3 } },
  { whose: 'asked', extra: { livenessLoss: '5' }, probing: { intervalMs: 1000, loss: 5 } },
  { whose: 'asked', extra: { livenessCheck: 'off', livenessLoss: '5' }, probing: undefined },
  { whose: 'all', extra: {}, probing: { intervalMs: 1000, loss: 3 } },
  { whose: 'all', extra: { livenessCheck: 'off' }, probing: undefined },
  { whose: 'nobody', extra: { livenessCheck: 'on' }, probing: undefined },
] as const)(
  'probingOf() when those of $whose are probed and $extra is asked for',
  ({ whose, extra, probing }) => {
    expect(probingOf(crossConnect({ ...extra }), { ...defaultProbing, whose })).toEqual(probing)
  },
)

test.each([
  [{ livenessCheck: 'yes' }, 'livenessCheck is "yes"; expected on or off'],
  [{ livenessInterval: '10ms' }, 'livenessInterval is "10ms"; expected a duration from 100ms to 1h'],
  [{ livenessInterval: 'soon' }, 'livenessInterval is "soon"; expected a duration like 500ms'],
  [{ livenessLoss: '0' }, 'livenessLoss is "0"; expected a number from 1 to 100'],
  [{ livenessLoss: '1e2' }, 'livenessLoss is "1e2"; expected a number from 1 to 100'],
])('probingOf() refuses %o, even where nobody is probed', (extra, why) => {
  const ask = () => probingOf(crossConnect(extra), { ...defaultProbing, whose: 'nobody' })
  expect(ask).toThrow(why)
  expect(ask).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }))
})
