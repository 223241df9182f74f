import { describe, expect, test } from 'vitest'
import { adviceFor, explainFailure } from './explain-failure.ts'

describe('explainFailure()', () => {
  test.each([
    {
      story: 'user namespaces are forbidden',
      errors: 'unshare: unshare failed: Operation not permitted\n',
      code: 'UNSUPPORTED',
      says: /forbids user namespaces/,
    },
    {
      story: 'their number is used up',
      errors: 'unshare: unshare failed: No space left on device\n',
      code: 'UNSUPPORTED',
      says: /No space left/,
    },
    {
      story: 'their map cannot be written',
      errors: 'unshare: write failed /proc/self/uid_map: Operation not permitted\n',
      code: 'UNSUPPORTED',
      says: /uid_map/,
    },
    {
      story: 'the supervisor gave a reason',
      errors: '{"level":40}\nnsm-local: manager/node-1 ended with 1: boom [BAD_CONFIG]\n',
      code: 'BAD_CONFIG',
      says: /^starting a mesh: manager\/node-1 ended with 1: boom$/,
    },
    { story: 'it crashed', errors: 'TypeError: x\n', code: 'INTERNAL', says: /ended with 1: TypeError: x/ },
    { story: 'it said nothing', errors: '', code: 'INTERNAL', says: /said nothing/ },
  ])('is $code when $story', async ({ errors, code, says }) => {
    const error = await explainFailure(errors, 1)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(says)
  })
})

describe('adviceFor()', () => {
  test.each([
    {
      values: { 'kernel.unprivileged_userns_clone': '0' },
      says: 'sysctl -w kernel.unprivileged_userns_clone=1',
    },
    {
      values: { 'kernel.apparmor_restrict_unprivileged_userns': '1', 'user.max_user_namespaces': '0' },
      says: 'sysctl -w user.max_user_namespaces=15000 kernel.apparmor_restrict_unprivileged_userns=0',
    },
    { values: { 'user.max_user_namespaces': '100' }, says: 'unshare(CLONE_NEWUSER)' },
  ])('says what to switch on: $says', ({ values, says }) => {
    expect(adviceFor(values)).toContain(says)
  })
})
