import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expand } from './expand.ts'

describe('expand()', () => {
  test.each([
    { text: 'a $(X) b', result: 'a 1 b' },
    { text: '$(X)$(Y)', result: '12' },
    { text: '$(Z)', result: '$(Z)' },
    { text: '$$(X)', result: '$(X)' },
    { text: '$$$(X)', result: '$1' },
    { text: '$X ${X} $( X)', result: '$X ${X} $( X)' },
    { text: '$(constructor)', result: '$(constructor)' },
    { text: '$', result: '$' },
  ])('makes $result of $text', ({ text, result }) => {
    expect(expand(text, { X: '1', Y: '2' })).toBe(result)
  })

  test('leaves text without a dollar sign as it is', () => {
    fc.assert(
      fc.property(
        fc.string().filter(text => !text.includes('$')),
        text => expand(text, { a: 'b' }) === text,
      ),
    )
  })
})
