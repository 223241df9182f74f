import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applied } from './golden.contract.ts'
import { addEntries, pointer } from './json-patch.ts'

describe('pointer()', () => {
  it.each([
    { keys: [], text: '' },
    { keys: ['spec', 'initContainers', 0], text: '/spec/initContainers/0' },
    { keys: ['a/b', 'm~n', ''], text: '/a~1b/m~0n/' },
    { keys: ['~1'], text: '/~01' },
  ])('writes $keys as "$text"', ({ keys, text }) => {
    expect(pointer(...keys)).toBe(text)
  })
})

describe('addEntries()', () => {
  it.each([
    { name: 'nothing to add', target: {}, entries: {}, patch: [] },
    {
      name: 'no map on the way',
      target: {},
      entries: { k: 'v' },
      patch: [{ op: 'add', path: '/a', value: { b: { k: 'v' } } }],
    },
    {
      name: 'null on the way',
      target: { a: null },
      entries: { k: 'v' },
      patch: [{ op: 'add', path: '/a', value: { b: { k: 'v' } } }],
    },
    {
      name: 'no inner map',
      target: { a: { c: 1 } },
      entries: { k: 'v' },
      patch: [{ op: 'add', path: '/a/b', value: { k: 'v' } }],
    },
    {
      name: 'both maps',
      target: { a: { b: { x: 'y' } } },
      entries: { 'k/1': 'v' },
      patch: [{ op: 'add', path: '/a/b/k~11', value: 'v' }],
    },
  ])('makes the shortest patch with $name', ({ target, entries, patch }) => {
    expect(addEntries(target, ['a', 'b'], entries)).toEqual(patch)
  })

  it('makes a patch that puts every entry there and keeps the others', () => {
    const texts = fc.dictionary(
      fc.string({ minLength: 1 }).filter(key => key !== '__proto__'),
      fc.string(),
      { minKeys: 1, noNullPrototype: true },
    )
    fc.assert(
      fc.property(texts, texts, (present, entries) => {
        const newDocument = applied(
          { a: { b: { ...present } } },
          addEntries({ a: { b: present } }, ['a', 'b'], entries),
        )
        expect(newDocument).toEqual({ a: { b: { ...present, ...entries } } })
      }),
    )
  })
})
