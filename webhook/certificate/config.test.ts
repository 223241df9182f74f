import { describe, expect, it } from 'vitest'
import { readConfig } from '#runtime/config.ts'
import { certificateConfig, certificateOptions } from './config.ts'

function optionsOf(env: Readonly<Record<string, string>>) {
  return certificateOptions(readConfig(certificateConfig, env))
}

describe('the lives of what the webhook makes', () => {
  it.each([
    {
      env: { NSM_WEBHOOK_CERTIFICATE_LIFE: '0' },
      why: 'NSM_WEBHOOK_CERTIFICATE_LIFE="0": expected at least 10s',
    },
    {
      env: { NSM_WEBHOOK_CERTIFICATE_LIFE: '9999ms' },
      why: 'NSM_WEBHOOK_CERTIFICATE_LIFE="9999ms": expected at least 10s',
    },
    {
      env: { NSM_WEBHOOK_AUTHORITY_LIFE: '9s' },
      why: 'NSM_WEBHOOK_AUTHORITY_LIFE="9s": expected at least 10s',
    },
    { env: { NSM_WEBHOOK_PROPAGATION: '-1s' }, why: 'NSM_WEBHOOK_PROPAGATION="-1s": expected a duration' },
    {
      env: { NSM_WEBHOOK_CERTIFICATE: 'self', NSM_WEBHOOK_AUTHORITY_LIFE: '24h' },
      why: 'NSM_WEBHOOK_AUTHORITY_LIFE is 86400s, NSM_WEBHOOK_CERTIFICATE_LIFE 2592000s',
    },
  ])('are BAD_CONFIG with $env', ({ env, why }) => {
    expect(() => optionsOf(env)).toThrow(
      expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining(why) }),
    )
  })

  it.each([
    { env: {}, authorityMs: 8_760 * 3_600_000, leafMs: 720 * 3_600_000, everyMs: 60_000 },
    {
      env: { NSM_WEBHOOK_AUTHORITY_LIFE: '10s', NSM_WEBHOOK_CERTIFICATE_LIFE: '10s' },
      authorityMs: 10_000,
      leafMs: 10_000,
      everyMs: 10_000 / 30,
    },
  ])('are taken from $env, and looked at as often as they need', ({ env, everyMs, ...lives }) => {
    expect(optionsOf({ NSM_WEBHOOK_CERTIFICATE: 'self', ...env })).toMatchObject({ limits: lives, everyMs })
  })

  it('do not matter to a certificate that others make', () => {
    expect(optionsOf({ NSM_WEBHOOK_AUTHORITY_LIFE: '24h' })).toMatchObject({ source: 'files' })
  })
})
