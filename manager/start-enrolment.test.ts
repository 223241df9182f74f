import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { readConfig } from '#runtime/config.ts'
import { type Log, silent } from '#sdk/log.ts'
import { config } from './config.ts'
import { startEnrolment } from './start-enrolment.ts'

const folder = mkdtempSync(join(tmpdir(), 'nsm-enrolment-'))
afterAll(() => rmSync(folder, { recursive: true }))
const tcp = { NSM_ISSUER: 'tcp://127.0.0.1:1' }

describe('a manager', () => {
  it.each([
    { what: 'serves others with no issuer', env: { NSMD_API_ADDRESS: ':5001' }, words: /set NSM_ISSUER/ },
    { what: 'has no token for an issuer behind a network', env: tcp, words: /set NSM_ISSUER_TOKEN_FILE and/ },
    {
      what: 'does not know whom to show its token',
      env: { ...tcp, NSM_ISSUER_TOKEN_FILE: '/token' },
      words: /set NSM_ISSUER_TOKEN_FILE and NSM_ISSUER_CA_FILE/,
    },
  ])('that $what does not start', ({ env, words }) => {
    expect(() => startEnrolment(readConfig(config, env), { log: silent })).toThrow(words)
  })

  it.each([
    { what: 'without TLS', env: { ...tcp, NSM_INSECURE: 'true' } },
    { what: 'of one node alone', env: {} },
  ])('$what enrols nowhere', ({ env }) => {
    expect(startEnrolment(readConfig(config, env), { log: silent })).toBeUndefined()
  })

  it.each([
    { missing: 'ca.crt', words: /NSM_ISSUER_CA_FILE: .*no such file or directory.*; it may come yet/ },
  ])('says that $missing is missing, and waits for it', async ({ words }) => {
    const said: string[] = []
    const log: Log = { ...silent, warn: (_, text) => void said.push(text) }
    const env = {
      ...tcp,
      NSM_ISSUER_TOKEN_FILE: join(folder, 'token'),
      NSM_ISSUER_CA_FILE: join(folder, 'ca.crt'),
    }
    await using enrolment = startEnrolment(readConfig(config, env), { log })
    await vi.waitFor(() => expect(said.join()).toMatch(words))
    expect(() => enrolment?.current()).toThrow(/has no certificate yet/)
  })
})
