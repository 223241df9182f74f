import { describe, expect, it } from 'vitest'
import type { Authority, Leaf } from './facts.ts'
import { afterStep, type Held, phaseOf, withoutKey } from './held.ts'
import { behind, mayBeForgotten, nextStep, type Observed, type RotationLimits } from './rotation.ts'

const hour = 3_600_000
const day = 24 * hour
const start = Date.UTC(2030, 0, 1)

const limits: RotationLimits = {
  authorityMs: 90 * day,
  leafMs: 9 * day,
  propagationMs: 60_000,
  beatMs: hour,
}

/** An authority that signs from `from` on, in days since the start. */
function authority(fingerprint: string, from = 0): Authority {
  const notBefore = start + from * day
  return {
    fingerprint,
    notBefore,
    notAfter: notBefore + limits.authorityMs,
    certificate: '',
    key: fingerprint,
  }
}

function leaf(by: string, from = 0): Leaf {
  const notBefore = start + from * day
  return {
    fingerprint: `leaf of ${by}`,
    authority: by,
    notBefore,
    notAfter: notBefore + limits.leafMs,
    names: ['webhook'],
    certificate: '',
    key: '',
  }
}

const trusted = withoutKey
const a = authority('a')
const b = authority('b', 60)
const served = (by: string, days: number) => ({
  replica: `pod of ${by}`,
  leaf: `leaf of ${by}`,
  authority: by,
  until: start + 200 * day,
  seen: start + days * day,
})

interface Row {
  readonly name: string
  readonly held: Partial<Held>
  /** Days since the start. */
  readonly at: number
  readonly seen?: Partial<Observed>
  readonly step: string
}

describe('nextStep()', () => {
  it.each<Row>([
    { name: 'the Secret is empty', held: {}, at: 0, step: 'begin' },
    { name: 'nothing is due', held: { authorities: [a], leaf: leaf('a') }, at: 1, step: 'wait' },
    {
      name: 'the clock is wrong, whatever is held',
      held: {},
      at: 0,
      seen: { clock: 'wrong' },
      step: 'wait',
    },
    { name: 'there is no leaf', held: { authorities: [a] }, at: 1, step: 'renew' },
    { name: 'the leaf is over', held: { authorities: [a], leaf: leaf('a') }, at: 10, step: 'renew' },
    {
      name: 'the leaf is a stranger’s',
      held: { authorities: [a], leaf: leaf('stranger') },
      at: 1,
      step: 'renew',
    },
    {
      name: 'two thirds of the leaf’s life are over',
      held: { authorities: [a], leaf: leaf('a') },
      at: 6,
      step: 'renew',
    },
    {
      name: 'nearly two thirds of the leaf’s life are over',
      held: { authorities: [a], leaf: leaf('a') },
      at: 5.9,
      step: 'wait',
    },
    {
      name: 'the leaf lacks a name',
      held: { authorities: [a], leaf: leaf('a') },
      at: 1,
      seen: { names: ['webhook', 'other'] },
      step: 'renew',
    },
    {
      name: 'two thirds of the authority’s life are over',
      held: { authorities: [a], leaf: leaf('a', 59) },
      at: 60,
      step: 'announce',
    },
    {
      name: 'nobody has the key of the authority, while its leaf is good',
      held: { authorities: [trusted(a)], leaf: leaf('a') },
      at: 1,
      step: 'announce',
    },
    {
      name: 'nobody has the key of the authority, and its leaf is over',
      held: { authorities: [trusted(a)], leaf: leaf('a') },
      at: 10,
      step: 'begin',
    },
    {
      name: 'the authority is over',
      held: { authorities: [a], leaf: leaf('a') },
      at: 91,
      step: 'begin',
    },
    {
      name: 'the announced one is not trusted yet',
      held: { authorities: [a, b], leaf: leaf('a', 59) },
      at: 60,
      step: 'wait',
    },
    {
      name: 'the announced one has been trusted for a moment',
      held: { authorities: [a, b], leaf: leaf('a', 59) },
      at: 60,
      seen: { bundleMs: 59_999 },
      step: 'wait',
    },
    {
      name: 'the announced one has been trusted for long enough',
      held: { authorities: [a, b], leaf: leaf('a', 59) },
      at: 60,
      seen: { bundleMs: 60_000 },
      step: 'switch',
    },
    {
      name: 'the leaf grows old while one is only announced',
      held: { authorities: [a, b], leaf: leaf('a', 59) },
      at: 65,
      step: 'renew',
    },
    {
      name: 'one is announced and all of the old one is over',
      held: { authorities: [a, b], leaf: leaf('a', 80) },
      at: 91,
      step: 'switch',
    },
    {
      name: 'the announced one has run out before its turn',
      held: { authorities: [authority('young', 100), a], leaf: leaf('young', 109) },
      at: 110,
      step: 'announce',
    },
    {
      name: 'the new leaf is out and a replica still serves the old one',
      held: { authorities: [b, trusted(a)], leaf: leaf('b', 60), served: [served('a', 60), served('b', 60)] },
      at: 60,
      step: 'wait',
    },
    {
      name: 'a replica serves the old leaf and says nothing any more',
      held: { authorities: [b, trusted(a)], leaf: leaf('b', 60), served: [served('a', 60), served('b', 60)] },
      at: 60.5,
      step: 'drop',
    },
    {
      name: 'every replica serves the new leaf',
      held: { authorities: [b, trusted(a)], leaf: leaf('b', 60), served: [served('b', 60)] },
      at: 60,
      step: 'drop',
    },
    {
      name: 'the new leaf grows old while a replica still serves the old one',
      held: { authorities: [b, trusted(a)], leaf: leaf('b', 60), served: [served('a', 66)] },
      at: 66,
      step: 'renew',
    },
    {
      name: 'the leaf is the trusted old one’s',
      held: { authorities: [b, trusted(a)], leaf: leaf('a', 60), served: [] },
      at: 60,
      step: 'wait',
    },
    {
      name: 'the leaf is the trusted old one’s, and everybody trusts the new one',
      held: { authorities: [b, trusted(a)], leaf: leaf('a', 60), served: [] },
      at: 60,
      seen: { bundleMs: 60_000 },
      step: 'renew',
    },
    {
      name: 'the authority begins in the future, and the clock may have gone back',
      held: { authorities: [a], leaf: leaf('a') },
      at: -1,
      seen: { clock: 'unknown' },
      step: 'wait',
    },
    {
      name: 'the authority begins in the future, and the clock is right',
      held: { authorities: [a], leaf: leaf('a') },
      at: -1,
      step: 'begin',
    },
  ])('$name: $step', ({ held, at, seen, step }) => {
    const all: Held = { authorities: [], served: [], ...held }
    const observed: Observed = {
      now: start + at * day,
      clock: 'right',
      bundleMs: undefined,
      names: ['webhook'],
      ...seen,
    }
    expect(nextStep(all, observed, limits)).toMatchObject({ step })
  })
})

describe('behind()', () => {
  const held: Held = { authorities: [b, trusted(a)], leaf: leaf('b', 60), served: [served('a', 60)] }
  it.each([
    { name: 'said so this hour', after: 0.9 * hour, waits: 1 },
    { name: 'said so four hours ago', after: 4 * hour, waits: 1 },
    { name: 'has been silent for longer', after: 4 * hour + 1, waits: 0 },
    { name: 'serves a leaf that is over', after: 140 * day, waits: 0 },
  ])('counts $waits for a replica that $name', ({ after, waits }) => {
    expect(behind(held, start + 60 * day + after, limits)).toHaveLength(waits)
  })

  it('forgets nobody who still takes itself for known, though clocks differ by minutes and hours are rounded', () => {
    const told = start + 60 * day + 0.99 * hour
    const last = Array.from({ length: 600 }, (_, minute) => told + minute * 60_000).filter(
      now => !mayBeForgotten(told, now, limits),
    )
    const rounded: Held = { ...held, served: [served('a', 60)] }
    const skew = 0
    expect(last.every(now => behind(rounded, now + skew, limits).length === 1)).toBe(true)
  })
})

describe('afterStep()', () => {
  it('leads through the phases of a rotation', () => {
    const stable: Held = { authorities: [a], leaf: leaf('a'), served: [] }
    const announced = afterStep(stable, 'announce', { authority: b })
    const switched = afterStep(announced, 'switch', { leaf: leaf('b', 60) })
    const dropped = afterStep(switched, 'drop', {})
    expect([stable, announced, switched, dropped].map(phaseOf)).toEqual([
      'stable',
      'announced',
      'switched',
      'stable',
    ])
    expect(switched.authorities).toEqual([b, trusted(a)])
    expect(dropped).toEqual({ authorities: [b], leaf: leaf('b', 60), served: [] })
  })

  it('keeps those whose leaf may be served when it announces one more', () => {
    const c = authority('c', 61)
    const held: Held = { authorities: [trusted(a), b], leaf: leaf('a'), served: [] }
    expect(afterStep(held, 'announce', { authority: c }).authorities).toEqual([trusted(a), c])
  })
})
