import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { backoff } from './backoff.ts'

it('backoff() stays between half and whole of a bound that doubles up to the most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), failures => {
      const longest = Math.min(800, 100 * 2 ** (failures - 1))
      const pause = backoff(failures, { first: 100, most: 800 })
      expect(pause).toBeGreaterThanOrEqual(longest / 2)
      expect(pause).toBeLessThanOrEqual(longest)
    }),
  )
})
