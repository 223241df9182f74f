import { describe, expect, it } from 'vitest'
import { type Copy, type CopyInputs, copyInputs, decideCopy } from './copy.ts'

const values = [undefined, 'a', 'b', 'c'] as const

/** Every combination of the four. */
const all: readonly CopyInputs[] = values.flatMap(before =>
  values.flatMap(now =>
    values.flatMap(templateBefore => values.map(template => ({ before, now, templateBefore, template }))),
  ),
)

/** What the template has after a copy. */
function after({ write, remove }: Copy, { template }: CopyInputs): string | undefined {
  if (remove === true) return undefined
  return write ?? template
}

describe('decideCopy()', () => {
  it.each<{ readonly row: string; readonly given: Partial<CopyInputs>; readonly copy: object }>([
    { row: 'never had it, template neither', given: {}, copy: {} },
    { row: 'never had it, template has', given: { template: 'a' }, copy: {} },
    { row: 'has it, template equal', given: { now: 'a', template: 'a' }, copy: {} },
    { row: 'has it, template absent', given: { now: 'a' }, copy: { write: 'a' } },
    {
      row: 'had it, template lost it',
      given: { before: 'a', now: 'a', templateBefore: 'a' },
      copy: { write: 'a' },
    },
    {
      row: 'changed, template as before',
      given: { before: 'a', now: 'b', templateBefore: 'a', template: 'a' },
      copy: { write: 'b' },
    },
    {
      row: 'new, template as before',
      given: { now: 'b', templateBefore: 'c', template: 'c' },
      copy: { write: 'b' },
    },
    {
      row: 'changed, template too',
      given: { before: 'a', now: 'b', templateBefore: 'a', template: 'c' },
      copy: { warn: expect.stringContaining('"c"') },
    },
    { row: 'both new', given: { now: 'a', template: 'b' }, copy: { warn: expect.stringContaining('"b"') } },
    {
      row: 'unchanged, template another',
      given: { before: 'a', now: 'a', templateBefore: 'a', template: 'b' },
      copy: { warn: expect.any(String) },
    },
    {
      row: 'lost it, template equal',
      given: { before: 'a', templateBefore: 'a', template: 'a' },
      copy: { remove: true },
    },
    { row: 'lost it, template another', given: { before: 'a', template: 'b' }, copy: {} },
    { row: 'lost it, template absent', given: { before: 'a' }, copy: {} },
  ])('$row', ({ given, copy }) => {
    const none = { before: undefined, now: undefined, templateBefore: undefined, template: undefined }
    expect(decideCopy({ ...none, ...given })).toEqual(copy)
  })

  it('has nothing more to do once its copy is made, so that nobody writes for ever', () => {
    for (const inputs of all) {
      const template = after(decideCopy(inputs), inputs)
      const { now } = inputs
      for (const { before, templateBefore } of [inputs, { before: now, templateBefore: template }]) {
        const again = decideCopy({ before, now, templateBefore, template })
        expect(after(again, { ...inputs, template }), JSON.stringify(inputs)).toBe(template)
      }
    }
  })

  it('writes only what the workload has, and takes out only what it had', () => {
    for (const inputs of all) {
      const { write, remove, warn } = decideCopy(inputs)
      if (write !== undefined) expect(write).toBe(inputs.now)
      if (remove === true) expect([inputs.now, inputs.template]).toEqual([undefined, inputs.before])
      expect([write, remove, warn].filter(said => said !== undefined).length).toBeLessThanOrEqual(1)
    }
  })
})

describe('copyInputs()', () => {
  const workload = (own: Readonly<Record<string, string>>, template: object) => ({
    metadata: { annotations: own },
    spec: { jobTemplate: { spec: { template: { metadata: { annotations: template } } } } },
  })

  it('reads both places, now and before', () => {
    const change = {
      kind: 'CronJob',
      object: workload({ k: '2' }, { k: '4' }),
      oldObject: workload({ k: '1' }, { k: '3' }),
    } as const
    expect(copyInputs(change, 'k')).toEqual({ before: '1', now: '2', templateBefore: '3', template: '4' })
    expect(copyInputs(change, 'l')).toEqual({
      before: undefined,
      now: undefined,
      templateBefore: undefined,
      template: undefined,
    })
  })

  it.each([{}, { spec: null }, { spec: { template: null } }, { spec: { template: { metadata: null } } }])(
    'finds nothing in %j',
    object => {
      expect(copyInputs({ kind: 'Deployment', object }, 'k')).toEqual({
        before: undefined,
        now: undefined,
        templateBefore: undefined,
        template: undefined,
      })
    },
  )
})
