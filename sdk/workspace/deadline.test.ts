import { setTimeout as after } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { deadline } from './deadline.ts'

it.each([
  { ms: 0, name: 'for ever' },
  { ms: 600 * 3_600_000, name: 'more than a timer holds' },
  { ms: Number.MAX_SAFE_INTEGER, name: 'more than a number of milliseconds' },
])('deadline() does not abort soon: $name', async ({ ms }) => {
  const signal = deadline(ms)
  await after(20)
  expect(signal.aborted).toBe(false)
})

it('deadline() takes fractions of a millisecond for a whole one', async () => {
  const signal = deadline(0.5)
  await after(20)
  expect(signal.aborted).toBe(true)
})
