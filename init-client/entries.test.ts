import { describe, expect, it } from 'vitest'
import { readConfig } from '#runtime/config.ts'
import { config } from './config.ts'
import { entriesOf } from './entries.ts'

function entries(env: Readonly<Record<string, string>>) {
  return entriesOf(readConfig(config, env))
}

describe('entriesOf', () => {
  it.each([
    { env: { NS_NETWORKSERVICEMESH_IO: 'a/eth0?app=web, b' }, services: ['a', 'b'] },
    { env: { NSM_NETWORK_SERVICES: 'kernel://a/nsm-1,kernel://b/nsm-2' }, services: ['a', 'b'] },
    { env: { CLIENT_NETWORK_SERVICE: 'a' }, services: ['a'] },
    { env: { NS_NETWORKSERVICEMESH_IO: 'a', CLIENT_NETWORK_SERVICE: 'b' }, services: ['a'] },
    { env: { NS_NETWORKSERVICEMESH_IO: '', CLIENT_NETWORK_SERVICE: 'b' }, services: ['b'] },
  ])('entriesOf() finds $services in $env', ({ env, services }) => {
    expect(entries(env).map(ref => ref.service)).toEqual(services)
  })

  it('entriesOf() gives the one service its labels and its interface', () => {
    const env = { CLIENT_NETWORK_SERVICE: 'a', CLIENT_LABELS: 'app=web,k=a&b', NSC_INTERFACE_NAME: 'eth1' }
    expect(entries(env)).toEqual([
      { service: 'a', labels: { app: 'web', k: 'a&b' }, interface: 'eth1', mechanism: 'kernel' },
    ])
  })

  it.each([
    {
      env: { NS_NETWORKSERVICEMESH_IO: 'a/b/c' },
      code: 'BAD_ANNOTATION',
      says: /NS_NETWORKSERVICEMESH_IO, entry 1/,
    },
    { env: { CLIENT_NETWORK_SERVICE: 'A b' }, code: 'BAD_ANNOTATION', says: /CLIENT_NETWORK_SERVICE/ },
    {
      env: { CLIENT_NETWORK_SERVICE: 'a', CLIENT_LABELS: 'app' },
      code: 'BAD_CONFIG',
      says: /CLIENT_LABELS.*app/,
    },
    { env: {}, code: 'BAD_CONFIG', says: /NS_NETWORKSERVICEMESH_IO/ },
  ])('entriesOf() refuses $env', ({ env, code, says }) => {
    expect(() => entries(env)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(says) }),
    )
  })
})
