import { expect, test } from 'vitest'
import { assertUser } from './peer.ts'

test('assertUser() admits the own user', () => {
  expect(() => assertUser({ pid: 7, uid: 0 }, 0)).not.toThrow()
})

test('assertUser() refuses another user and names both', () => {
  expect(() => assertUser({ pid: 7, uid: 1000 }, 0)).toThrow(
    expect.objectContaining({ code: 'DENIED', message: expect.stringMatching(/pid 7.*user 1000.*user 0/) }),
  )
})
