import { describe, expect, it } from 'vitest'
import { readConfig } from '#runtime/config.ts'
import { listenAddress } from '#webhook/http/listen-address.ts'
import { config } from './config.ts'
import { patchSettings } from './settings.ts'

describe('listenAddress()', () => {
  it.each([
    { text: ':8443', host: '::', port: 8443 },
    { text: '127.0.0.1:0', host: '127.0.0.1', port: 0 },
    { text: '[::1]:443', host: '::1', port: 443 },
    { text: 'localhost:65535', host: 'localhost', port: 65_535 },
  ])('reads $text', ({ text, host, port }) => {
    expect(listenAddress(text)).toEqual({ host, port })
  })

  it.each(['', '8443', ':', ':65536', '::1:443', 'a:b', ':-1'])('refuses "%s"', text => {
    expect(() => listenAddress(text)).toThrow(/expected host:port/)
  })
})

describe('patchSettings()', () => {
  it.each([
    { name: 'nothing is set', env: {}, image: 'networkservicemesh/nsm-init:latest' },
    {
      name: 'v0’s three are',
      env: { REPO: 'registry.test/nsm', INITCONTAINER: 'init', TAG: 'v1' },
      image: 'registry.test/nsm/init:v1',
    },
    {
      name: 'the whole name is',
      env: { NSM_INIT_IMAGE: 'a/b@sha256:0123456789abcdef0123456789abcdef', TAG: 'v1' },
      image: 'a/b@sha256:0123456789abcdef0123456789abcdef',
    },
  ])('takes the image $image when $name', ({ env, image }) => {
    expect(patchSettings(readConfig(config, env)).image).toBe(image)
  })

  it('limits always with ENFORCE_LIMITS', () => {
    expect(patchSettings(readConfig(config, { ENFORCE_LIMITS: 'true' })).limits).toBe('always')
  })
})
