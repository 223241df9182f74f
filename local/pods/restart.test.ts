import { expect, test } from 'vitest'
import { isRestarted, restartDelay } from './restart.ts'

test.each([
  { policy: 'Always', exitCode: 0, again: true },
  { policy: 'Always', exitCode: 1, again: true },
  { policy: 'OnFailure', exitCode: 0, again: false },
  { policy: 'OnFailure', exitCode: 1, again: true },
  { policy: 'Never', exitCode: 1, again: false },
] as const)('isRestarted() is $again for $policy and exit code $exitCode', ({ policy, exitCode, again }) => {
  expect(isRestarted(policy, exitCode)).toBe(again)
})

test('restartDelay() doubles up to ten seconds', () => {
  expect([0, 1, 2, 3, 4, 50].map(restartDelay)).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000])
})
