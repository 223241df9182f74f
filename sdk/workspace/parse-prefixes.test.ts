import { describe, expect, it } from 'vitest'
import { parsePrefixes } from './parse-prefixes.ts'

describe('parsePrefixes', () => {
  it('parsePrefixes() reads a list of both families, with spaces and without', () => {
    expect(parsePrefixes('10.100.0.0/24, fd00::/64,0.0.0.0/0,')).toEqual([
      '10.100.0.0/24',
      'fd00::/64',
      '0.0.0.0/0',
    ])
  })

  it.each([
    '10.100.0.0',
    '10.100.0.0/33',
    'fd00::/129',
    'web/24',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '256.0.0.0/8',
  ])('parsePrefixes() names %s when it is no prefix', text => {
    expect(() => parsePrefixes(`10.0.0.0/8,${text}`)).toThrow(JSON.stringify(text))
  })
})
