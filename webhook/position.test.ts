import { describe, expect, it } from 'vitest'
import { indexOf, parsePosition } from './position.ts'

describe('parsePosition()', () => {
  it.each([
    { text: 'first', position: { at: 'first' } },
    { text: 'last', position: { at: 'last' } },
    { text: 'before:db', position: { at: 'before', name: 'db' } },
    { text: 'after:a-1', position: { at: 'after', name: 'a-1' } },
    { text: 'before:first', position: { at: 'before', name: 'first' } },
    { text: `after:${'x'.repeat(63)}`, position: { at: 'after', name: 'x'.repeat(63) } },
  ])('reads $text', ({ text, position }) => {
    expect(parsePosition(text)).toEqual(position)
  })

  it.each([
    '',
    'First',
    ' first',
    'last\n',
    'before',
    'before:',
    'before:-a',
    'before:a-',
    'before:A',
    'before:a.b',
    'before:a b',
    'before:a:b',
    'with:a',
    `after:${'x'.repeat(64)}`,
  ])('refuses %j', text => {
    expect(() => parsePosition(text)).toThrow('expected first, last, before:NAME or after:NAME')
  })
})

describe('indexOf()', () => {
  const names = ['a', 'b', undefined, 'b']

  it.each([
    { text: 'first', index: 0 },
    { text: 'last', index: 4 },
    { text: 'before:a', index: 0 },
    { text: 'after:a', index: 1 },
    // The first of two with one name, which the API server refuses anyway.
    { text: 'before:b', index: 1 },
    { text: 'after:b', index: 2 },
    { text: 'after:c', index: undefined },
  ])('is $index for $text', ({ text, index }) => {
    expect(indexOf(parsePosition(text), names)).toBe(index)
  })

  it.each(['first', 'last'])('is 0 for %s of none', text => {
    expect(indexOf(parsePosition(text), [])).toBe(0)
  })
})
