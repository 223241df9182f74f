import { describe, expect, it } from 'vitest'
import { applied, settings } from './golden.contract.ts'
import { patchNamespace } from './namespace.ts'

const key = 'ns.networkservicemesh.io'
const label = 'networkservicemesh.io/inherit'
const path = '/metadata/labels/networkservicemesh.io~1inherit'

type Texts = Readonly<Record<string, string>>

function namespace(annotations: Texts | null | undefined, labels: Texts | null | undefined, name = 'team') {
  return {
    metadata: {
      name,
      ...(annotations === undefined ? {} : { annotations }),
      ...(labels === undefined ? {} : { labels }),
    },
  }
}

describe('patchNamespace()', () => {
  it.each([
    {
      row: 'asks, no labels',
      now: namespace({ [key]: 'a' }, undefined),
      reason: 'inheritance-begun',
      patch: [{ op: 'add', path: '/metadata/labels', value: { [label]: 'true' } }],
    },
    {
      row: 'asks, labels null',
      now: namespace({ [key]: 'a' }, null),
      reason: 'inheritance-begun',
      patch: [{ op: 'add', path: '/metadata/labels', value: { [label]: 'true' } }],
    },
    {
      row: 'asks, other labels',
      now: namespace({ [key]: 'a' }, { x: 'y' }),
      reason: 'inheritance-begun',
      patch: [{ op: 'add', path, value: 'true' }],
    },
    {
      row: 'asks, another value',
      now: namespace({ [key]: 'a' }, { [label]: 'false' }),
      reason: 'inheritance-begun',
      patch: [{ op: 'add', path, value: 'true' }],
    },
    {
      row: 'asks by v1’s key',
      now: namespace({ 'networkservicemesh.io': 'a' }, { x: 'y' }),
      reason: 'inheritance-begun',
      patch: [{ op: 'add', path, value: 'true' }],
    },
    {
      row: 'asks, labelled',
      now: namespace({ [key]: 'a' }, { [label]: 'true' }),
      reason: 'label-as-wanted',
      patch: [],
    },
    {
      row: 'asks no more',
      now: namespace({}, { [label]: 'true' }),
      before: namespace({ [key]: 'a' }, { [label]: 'true' }),
      reason: 'inheritance-ended',
      patch: [{ op: 'remove', path }],
    },
    {
      row: 'asks no more, annotations gone',
      now: namespace(undefined, { [label]: 'true' }),
      before: namespace({ [key]: 'a' }, undefined),
      reason: 'inheritance-ended',
      patch: [{ op: 'remove', path }],
    },
    {
      row: 'asks no more, label another',
      now: namespace({}, { [label]: 'no' }),
      before: namespace({ [key]: 'a' }, undefined),
      reason: 'no-annotation',
      patch: [],
    },
    {
      row: 'never asked, labelled by hand',
      now: namespace({}, { [label]: 'true' }),
      before: namespace({}, { [label]: 'true' }),
      reason: 'no-annotation',
      patch: [],
    },
    {
      row: 'never asked, new and labelled by hand',
      now: namespace(null, { [label]: 'true' }),
      reason: 'no-annotation',
      patch: [],
    },
    { row: 'never asked', now: namespace(undefined, undefined), reason: 'no-annotation', patch: [] },
    {
      row: 'malformed since before',
      now: namespace({ [key]: 'a/b/c' }, { [label]: 'true' }),
      before: namespace({ [key]: 'a/b/c' }, undefined),
      reason: 'label-as-wanted',
      patch: [],
    },
  ])('$row: $reason', ({ now, before, reason, patch }) => {
    const change = before === undefined ? { object: now } : { object: now, oldObject: before }
    expect(patchNamespace(change, settings)).toEqual({ patch, reasons: [reason], warnings: [] })
    const object = applied(now, patchNamespace(change, settings).patch)
    expect(patchNamespace({ ...change, object }, settings).patch).toEqual([])
  })

  it.each([undefined, namespace({ [key]: 'a' }, undefined)])(
    'refuses a malformed value that is new, after %j',
    before => {
      const change = { object: namespace({ [key]: 'a/b/c' }, undefined) }
      expect(() =>
        patchNamespace(before === undefined ? change : { ...change, oldObject: before }, settings),
      ).toThrow(expect.objectContaining({ code: 'BAD_ANNOTATION' }))
    },
  )

  it('leaves one that is ignored alone, and says so to whoever asks', () => {
    const { warnings, ...rest } = patchNamespace(
      { object: namespace({ [key]: 'a/b/c' }, undefined, 'kube-system') },
      settings,
    )
    expect(rest).toEqual({ patch: [], reasons: ['ignored-namespace'] })
    expect(warnings).toEqual([expect.stringContaining('Namespace kube-system')])
    expect(patchNamespace({ object: namespace({}, undefined, 'kube-system') }, settings).warnings).toEqual([])
  })

  it('leaves one that is being deleted alone', () => {
    const object = { metadata: { name: 'team', annotations: { [key]: '' }, deletionTimestamp: 'x' } }
    expect(patchNamespace({ object }, settings)).toEqual({
      patch: [],
      reasons: ['being-deleted'],
      warnings: [],
    })
  })
})
