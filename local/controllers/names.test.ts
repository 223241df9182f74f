import { expect, test } from 'vitest'
import { randomSuffix, revisionOf } from './names.ts'

test('revisionOf() depends on the content and not on the order of keys', () => {
  expect(revisionOf({ a: 1, b: [{ c: 2, d: null }] })).toBe(revisionOf({ b: [{ d: null, c: 2 }], a: 1 }))
  expect(revisionOf({ a: [1, 2] })).not.toBe(revisionOf({ a: [2, 1] }))
  expect(revisionOf({ a: '1' })).not.toBe(revisionOf({ a: 1 }))
})

test('names have the letters of a DNS label', () => {
  expect(revisionOf({})).toMatch(/^[a-z0-9]{10}$/)
  expect(randomSuffix()).toMatch(/^[a-z0-9]{5}$/)
})
