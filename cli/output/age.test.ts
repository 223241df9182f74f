import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import { expect, it } from 'vitest'
import { age } from './age.ts'

const now = new Date('2026-01-10T12:00:00Z')

it.each([
  { seconds: 0, text: '0s' },
  { seconds: 119, text: '119s' },
  { seconds: 252, text: '4m12s' },
  { seconds: 3000, text: '50m' },
  { seconds: 11_100, text: '3h5m' },
  { seconds: 3 * 86_400, text: '3d' },
  { seconds: -5, text: '0s' },
])('age() of $seconds seconds is $text', ({ seconds, text }) => {
  expect(age(timestampFromDate(new Date(now.getTime() - seconds * 1000)), now)).toBe(text)
})

it('age() of nothing is a dash', () => {
  expect(age(undefined, now)).toBe('-')
})
