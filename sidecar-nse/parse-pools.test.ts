import { describe, expect, it } from 'vitest'
import { parsePools } from './parse-pools.ts'

describe('parsePools', () => {
  it.each([
    { text: '10.60.1.0/24', pools: [['10.60.1.0/24']] },
    { text: '10.60.1.0/24, fd00::/64', pools: [['10.60.1.0/24'], ['fd00::/64']] },
    { text: '[10.60.1.0/24, 10.61.0.0/16]', pools: [['10.60.1.0/24', '10.61.0.0/16']] },
    {
      text: '[10.60.1.0/24,10.61.0.0/16],[fd00::/64],fd01::/64',
      pools: [['10.60.1.0/24', '10.61.0.0/16'], ['fd00::/64'], ['fd01::/64']],
    },
  ])('parsePools() reads $text', ({ text, pools }) => {
    expect(parsePools(text)).toEqual(pools)
  })

  it.each([
    { text: '10.60.256.0/24', says: '10.60.256.0/24' },
    { text: '10.60.1.0', says: '10.60.1.0' },
    { text: '10.60.1.0/24,', says: '""' },
    { text: '[10.60.1.0/24', says: 'groups' },
    { text: '[[10.60.1.0/24]]', says: 'groups' },
    { text: '10.60.1.0/24]', says: 'groups' },
    { text: '[10.60.1.0/24]x', says: 'groups' },
    { text: '[]', says: '""' },
  ])('parsePools() names what is wrong with $text', ({ text, says }) => {
    expect(() => parsePools(text)).toThrow(says)
  })
})
