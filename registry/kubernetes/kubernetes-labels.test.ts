import { expect, it } from 'vitest'
import { asKubernetesLabels } from './kubernetes-labels.ts'

it.each([
  ['app', 'web', true],
  ['networkservicemesh.io/zone', 'a_b.c-D', true],
  ['empty', '', true],
  ['', 'empty key', false],
  ['with space', 'x', false],
  ['key', 'not a value', false],
  ['key', '-x', false],
  ['key', 'x'.repeat(63), true],
  ['key', 'x'.repeat(64), false],
  ['k'.repeat(64), 'x', false],
  ['Upper.Prefix/key', 'x', false],
  [`${'p'.repeat(254)}/key`, 'x', false],
  ['prefix/', 'x', false],
  ['a/b/c', 'x', false],
])('label %j=%j is Kubernetes’: %j', (key, value, expected) => {
  expect(Object.keys(asKubernetesLabels({ [key]: value }))).toHaveLength(expected ? 1 : 0)
})
