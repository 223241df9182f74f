import { describe, expect, test } from 'vitest'
import { readConfig, setting } from './config.ts'
import { integer, text } from './parse.ts'

const table = {
  socket: setting({ env: 'NSM_SERVER_SOCKET', parse: text, doc: 'The socket of the manager.' }),
  retries: setting({
    env: 'RETRIES',
    also: ['NSM_RETRIES', 'OLD_RETRIES'],
    parse: integer({ min: 0, max: 9 }),
    default: 3,
    doc: 'How often to ask again.',
  }),
  label: setting<string | undefined>({ env: 'LABEL', parse: text, default: undefined, doc: 'A label.' }),
}

describe('readConfig', () => {
  test('readConfig() parses what is set and takes defaults for the rest', () => {
    expect(readConfig(table, { NSM_SERVER_SOCKET: '/run/s', LABEL: 'x' })).toEqual({
      socket: '/run/s',
      retries: 3,
      label: 'x',
    })
  })

  test('readConfig() takes an empty variable for unset', () => {
    expect(readConfig(table, { NSM_SERVER_SOCKET: '/run/s', RETRIES: '', LABEL: '' })).toEqual({
      socket: '/run/s',
      retries: 3,
      label: undefined,
    })
  })

  test('readConfig() takes the first name that is set', () => {
    const env = { NSM_SERVER_SOCKET: '/run/s', OLD_RETRIES: '7' }
    expect(readConfig(table, env).retries).toBe(7)
    expect(readConfig(table, { ...env, NSM_RETRIES: '6' }).retries).toBe(6)
    expect(readConfig(table, { ...env, NSM_RETRIES: '6', RETRIES: '5' }).retries).toBe(5)
  })

  test('readConfig() reports all mistakes in one error, under the names that were used', () => {
    expect(() => readConfig(table, { NSM_RETRIES: 'many' })).toThrow(
      expect.objectContaining({
        code: 'BAD_CONFIG',
        message:
          'configuration: NSM_SERVER_SOCKET is not set (The socket of the manager.); ' +
          'NSM_RETRIES="many": expected a whole number from 0 to 9',
      }),
    )
  })
})
