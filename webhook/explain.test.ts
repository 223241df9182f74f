import { describe, expect, it } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { explainPod } from './explain.ts'
import { settings } from './golden.contract.ts'
import { rules } from './rules.ts'

const key = 'ns.networkservicemesh.io'

function explain(
  annotations: Readonly<Record<string, string>>,
  inherited: Readonly<Record<string, string>> = {},
) {
  return explainPod(
    { metadata: { annotations }, spec: { containers: [], hostNetwork: false } },
    { settings, inherited },
  )
}

describe('explainPod()', () => {
  it('judges every rule, in their order, with its meaning', () => {
    expect(explain({ [key]: 'a' }).rules).toEqual(
      rules.map(({ reason, meaning }) => ({ rule: reason, meaning, state: 'does not hold' })),
    )
  })

  it.each([
    { name: 'a pod that asks', own: { [key]: 'a' }, askedBy: 'pod', holds: [], result: 'injected' },
    {
      name: 'its namespace',
      own: {},
      inherited: { [key]: 'a' },
      askedBy: 'namespace',
      holds: [],
      result: 'injected-inherited',
    },
    { name: 'nobody', own: {}, askedBy: undefined, holds: ['no-annotation'], result: 'no-annotation' },
    {
      name: 'a pod that is switched off',
      own: { [key]: 'a', 'networkservicemesh.io/inject': 'false' },
      askedBy: 'pod',
      holds: ['opted-out'],
      result: 'opted-out',
    },
    {
      name: 'nobody, with rules behind the one that decides',
      own: { 'networkservicemesh.io/inject': 'false', 'kubernetes.io/config.mirror': 'x' },
      askedBy: undefined,
      holds: ['no-annotation', 'mirror-pod', 'opted-out'],
      result: 'no-annotation',
    },
  ])('says who asks and what comes of it: $name', ({ own, inherited, askedBy, holds, result }) => {
    const explanation = explain(own, inherited)
    expect(explanation.askedBy).toBe(askedBy)
    expect(explanation.annotations).toEqual(askedBy === undefined ? {} : { [key]: 'a' })
    expect(explanation.rules.filter(({ state }) => state === 'holds').map(({ rule }) => rule)).toEqual(holds)
    expect(explanation.result).toMatchObject({ reasons: [result] })
  })

  it('gives the refusal of a switch that is neither on nor off, of which no rule holds', () => {
    const explanation = explain({ [key]: 'a', 'networkservicemesh.io/inject': 'no' })
    expect(explanation.rules.filter(({ state }) => state === 'holds')).toEqual([])
    expect(explanation.result).toBeInstanceOf(NsmError)
    expect(explanation.result).toMatchObject({ code: 'BAD_ANNOTATION' })
  })

  it('gives the refusal of a list that is malformed, with the annotations that count', () => {
    const explanation = explain({ [key]: 'a/b/c' }, { [key]: 'a' })
    expect(explanation).toMatchObject({
      askedBy: 'pod',
      annotations: { [key]: 'a/b/c' },
      result: { code: 'BAD_ANNOTATION' },
    })
  })
})
