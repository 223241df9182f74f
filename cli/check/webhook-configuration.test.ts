import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Configuration, WebhookEntry } from './objects.ts'
import { selects } from './selects.ts'
import { judgeConfiguration } from './webhook-configuration.ts'

const shipped = parse(
  readFileSync('manifests/base/webhook/mutating-webhook-configuration.yaml', 'utf8'),
) as Configuration

const namespaces = ['nsm-system', 'kube-system', 'blue'].map(name => ({
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
}))

function judge(change: (entry: WebhookEntry) => WebhookEntry) {
  const configuration = { ...shipped, webhooks: (shipped.webhooks ?? []).map(change) }
  return judgeConfiguration({ configuration, namespaces, own: 'nsm-system' })
}

describe('judgeConfiguration()', () => {
  it('has nothing against the shipped one', () => {
    expect(judge(entry => entry)).toEqual([])
  })

  it.each([
    { name: 'none', configuration: undefined, finding: 'does not exist' },
    { name: 'an empty one', configuration: { webhooks: [] }, finding: 'has no entries' },
  ])('says that nothing is injected with $name', ({ configuration, finding }) => {
    expect(judgeConfiguration({ configuration, namespaces, own: 'nsm-system' })).toMatchObject([
      { severity: 'error', finding: expect.stringContaining(finding) as string },
    ])
  })

  it.each([
    {
      name: 'the own namespace',
      values: ['kube-system'],
      finding: 'selects namespace nsm-system',
    },
    { name: 'kube-system', values: ['nsm-system'], finding: 'selects namespace kube-system' },
  ])('refuses an entry that selects $name', ({ values, finding }) => {
    const namespaceSelector = {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values }],
    }
    const found = judge(entry =>
      entry.name === 'pods.networkservicemesh.io' ? { ...entry, namespaceSelector } : entry,
    )
    expect(found).toMatchObject([
      {
        severity: 'error',
        object: expect.stringContaining('pods.networkservicemesh.io') as string,
        finding: expect.stringContaining(finding) as string,
      },
    ])
  })

  it.each([
    { entry: 'pods', policy: 'Fail', severities: ['error'] },
    { entry: 'pods', policy: 'Ignore', severities: ['warning', 'warning'] },
    { entry: 'inherited', policy: 'Fail', severities: [] },
  ])(
    'judges $entry without matchConditions under $policy as $severities',
    ({ entry: name, policy, severities }) => {
      const found = judge(entry =>
        entry.name?.startsWith(name) === true
          ? { ...entry, matchConditions: [], failurePolicy: policy }
          : entry,
      )
      expect(found.map(({ severity }) => severity)).toEqual(severities)
    },
  )

  it('notes that pods which inherit are let through', () => {
    const found = judge(entry =>
      entry.name?.startsWith('inherited') === true ? { ...entry, failurePolicy: 'Ignore' } : entry,
    )
    expect(found).toMatchObject([{ severity: 'note', finding: expect.stringContaining('Ignore') as string }])
  })
})

describe('selects()', () => {
  const labels = { colour: 'blue' }
  it.each([
    { name: 'no selector', selector: undefined, is: true },
    { name: 'an empty one', selector: {}, is: true },
    { name: 'an equal label', selector: { matchLabels: { colour: 'blue' } }, is: true },
    { name: 'another label', selector: { matchLabels: { colour: 'red' } }, is: false },
    { name: 'In', selector: expression('In', ['blue']), is: true },
    { name: 'In, without', selector: expression('In', ['red']), is: false },
    { name: 'NotIn', selector: expression('NotIn', ['red']), is: true },
    { name: 'NotIn, with', selector: expression('NotIn', ['blue']), is: false },
    { name: 'Exists', selector: expression('Exists'), is: true },
    { name: 'DoesNotExist', selector: expression('DoesNotExist'), is: false },
  ])('is $is with $name', ({ selector, is }) => {
    expect(selects(selector, labels)).toBe(is)
  })
})

function expression(operator: string, values: readonly string[] = []) {
  return { matchExpressions: [{ key: 'colour', operator, values }] }
}
