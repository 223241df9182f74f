import { expect, it } from 'vitest'
import type { Configuration } from '#certs/configuration.ts'
import { make } from '#certs/make.ts'
import { whyUnverified } from './unverified.ts'

const day = 24 * 3_600_000
const { authority, leaf } = await make({
  authority: { lifeMs: day },
  leaf: { lifeMs: day, names: ['webhook.test'] },
  now: Date.now(),
})
const good = authority?.certificate ?? ''
const foreign: Configuration['owner'] = { is: 'foreign', why: 'cert-manager keeps it' }

it.each<{
  readonly name: string
  readonly bundles: readonly string[]
  readonly owner?: Configuration['owner']
  readonly why: RegExp
}>([
  { name: 'no entries', bundles: [], why: /^MutatingWebhookConfiguration nsm has no webhooks$/ },
  {
    name: 'an empty bundle',
    bundles: [good, ''],
    why: /entry 1: clientConfig\.caBundle is empty, .*; fill it$/,
  },
  {
    name: 'an empty bundle that others keep',
    bundles: [''],
    owner: foreign,
    why: /is empty, .*; whoever keeps it must .*; it is not ours to change \(cert-manager keeps it\)$/,
  },
  { name: 'a bundle of nothing', bundles: ['c3RyYW5nZXI='], why: /entry 0: it trusts no authority$/ },
])('a configuration with $name says why', ({ bundles, owner = { is: 'ours' }, why }) => {
  expect(whyUnverified(configurationOf(bundles, owner), leaf?.certificate ?? '', 'fill it')).toMatch(why)
})

it.each<Configuration['owner']>([{ is: 'ours' }, foreign])(
  'whose it is does not matter when it verifies: $is',
  owner => {
    expect(whyUnverified(configurationOf([good, good], owner), leaf?.certificate ?? '', '')).toBeUndefined()
  },
)

function configurationOf(bundles: readonly string[], owner: Configuration['owner']): Configuration {
  const entries = bundles.map((bundle, index) => ({ name: String(index), bundle }))
  return { name: 'nsm', resourceVersion: '1', owner, entries }
}
