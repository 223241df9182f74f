import { expect, it } from 'vitest'
import { parseMac } from './parse-mac.ts'

it('parseMac() reads a MAC in any case', () => {
  expect(parseMac(' 02:00:00:00:00:0A')).toBe('02:00:00:00:00:0a')
})

it.each(['', '02:00:00:00:00', '01:00:00:00:00:01', '02-00-00-00-00-01', '02:00:00:00:00:0g'])(
  'parseMac() refuses %j',
  text => {
    expect(() => parseMac(text)).toThrow('unicast MAC')
  },
)
