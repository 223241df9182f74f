import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatTag, parseTag } from './tag.ts'

test('parseTag() gives back what formatTag() wrote, whatever the id', () => {
  const tag = fc.record({ id: fc.string(), role: fc.constantFrom('src' as const, 'dst' as const) })
  const roundTrip = fc.property(tag, value => {
    expect(parseTag(formatTag(value))).toEqual(value)
  })
  fc.assert(roundTrip)
})

test.each(['', 'nsm', 'nsm:', 'nsm:x', 'nsm:x:', 'nsm:x:both', 'uplink', 'xnsm:x:src'])(
  'parseTag() is undefined when the alias is "%s"',
  alias => {
    expect(parseTag(alias)).toBeUndefined()
  },
)
