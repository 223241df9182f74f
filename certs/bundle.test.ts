import { beforeAll, describe, expect, it } from 'vitest'
import { bundleOf, fingerprintsOf, splitPem, whyRefused } from './bundle.ts'
import { bundlePatch, readConfiguration, trusts } from './configuration.ts'
import { canonicalName, readFacts, readLeaf } from './facts.ts'
import { type Made, make } from './make.ts'
import { order } from './order.ts'
import { annotate, readHeld, writeHeld } from './secret.ts'
import { readServed, servedKey, servedValue } from './served.ts'

const day = 24 * 3_600_000
const life = { lifeMs: 30 * day }
const now = Date.now()
let ours: Required<Made>
let others: Required<Made>

beforeAll(async () => {
  const made = async () => {
    const { authority, leaf } = await make({
      authority: life,
      leaf: { ...life, names: ['a.test', 'FD00::1'] },
    })
    if (authority === undefined || leaf === undefined) throw new Error('nothing was made')
    return { authority, leaf }
  }
  ;[ours, others] = await Promise.all([made(), made()])
})

describe('whyRefused()', () => {
  it.each([
    { name: 'the authority alone', bundle: () => ours.authority.certificate, at: now, why: undefined },
    {
      name: 'both authorities in a rotation',
      bundle: () => others.authority.certificate + ours.authority.certificate,
      at: now,
      why: undefined,
    },
    {
      name: 'text between the certificates',
      bundle: () => `# old\n${others.authority.certificate}# new\n${ours.authority.certificate}`,
      at: now,
      why: undefined,
    },
    { name: 'the leaf itself', bundle: () => ours.leaf.certificate, at: now, why: undefined },
    { name: 'nobody', bundle: () => '', at: now, why: /trusts no authority/ },
    { name: 'what is no certificate', bundle: () => 'c3RyYW5nZXI=', at: now, why: /trusts no authority/ },
    {
      name: 'another authority of nearly the same name',
      bundle: () => others.authority.certificate,
      at: now,
      why: /does not trust the authority/,
    },
    {
      name: 'the authority, after its end',
      bundle: () => ours.authority.certificate,
      at: now + 31 * day,
      why: /not valid now/,
    },
    {
      name: 'the authority, before its beginning',
      bundle: () => ours.authority.certificate,
      at: now - day,
      why: /not valid now/,
    },
  ])('of a client that trusts $name', ({ bundle, at, why }) => {
    const refused = whyRefused(ours.leaf.certificate, bundle(), at)
    if (why === undefined) expect(refused).toBeUndefined()
    else expect(refused).toMatch(why)
  })

  it('refuses nothing as a chain', () => {
    expect(whyRefused('', ours.authority.certificate, now)).toBe('there is no certificate')
  })
})

describe('a bundle', () => {
  it('is what it was split into', () => {
    const bundle = bundleOf(
      [ours.authority, others.authority].map(({ certificate }) => readFacts(certificate)),
    )
    expect(splitPem(bundle)).toEqual([ours.authority.certificate, others.authority.certificate])
    expect(fingerprintsOf(bundle)).toHaveLength(2)
  })
})

describe('the Secret', () => {
  const held = () => {
    const authority = { ...readFacts(ours.authority.certificate), key: ours.authority.key }
    const next = { ...readFacts(others.authority.certificate), key: others.authority.key }
    return { authorities: [authority, next], leaf: readLeaf(ours.leaf, [authority]), served: [] }
  }

  it('gives back what was written, and keeps what else is in it', () => {
    const secret = { metadata: { resourceVersion: '7' }, data: { other: 'eA==' } }
    const written = writeHeld(secret, held())
    expect(readHeld(written)).toEqual(held())
    expect(written).toMatchObject({ metadata: { resourceVersion: '7' }, data: { other: 'eA==' } })
  })

  it('forgets the key of an authority that is announced no more', () => {
    const { authorities, ...rest } = held()
    const [signer] = authorities
    const written = writeHeld(writeHeld({}, held()), {
      ...rest,
      authorities: signer === undefined ? [] : [signer],
    })
    expect(written['data']).not.toHaveProperty(['next-ca.key'])
    expect(readHeld(written).authorities).toEqual([signer])
  })

  it.each([
    { name: 'is empty', secret: {} },
    {
      name: 'has empty values',
      secret: { data: { 'ca.crt': '', 'ca.key': '', 'tls.crt': '', 'tls.key': '' } },
    },
    {
      name: 'has no certificates in it',
      secret: { data: { 'ca.crt': 'eA==', 'tls.crt': 'eA==', 'ca.key': 7 } },
    },
  ])('that $name holds nothing', ({ secret }) => {
    expect(readHeld(secret)).toEqual({ authorities: [], served: [] })
  })

  it('says what each replica serves', () => {
    const { leaf } = held()
    const value = servedValue(leaf, now, 3_600_000)
    const secret = annotate({ metadata: { annotations: { other: 'x' } } }, servedKey('webhook-1'), value)
    expect(readHeld(secret).served).toEqual([
      {
        replica: 'webhook-1',
        leaf: leaf.fingerprint,
        authority: leaf.authority,
        until: leaf.notAfter,
        seen: Math.floor(now / 3_600_000) * 3_600_000,
      },
    ])
    expect(annotate(secret, servedKey('webhook-1'), undefined)).toEqual({
      metadata: { annotations: { other: 'x' } },
    })
  })

  it('takes pod names of any length, and leaves what others annotated', () => {
    const long = servedKey('x'.repeat(253))
    expect(long.split('/')[1]?.length).toBe(63)
    expect(long).not.toBe(servedKey(`${'x'.repeat(252)}y`))
    expect(readServed({ other: 'x', [servedKey('a')]: 'nonsense', [servedKey('b')]: 7 })).toEqual([])
  })
})

describe('bundlePatch()', () => {
  const configuration = (bundles: readonly (string | undefined)[]) =>
    readConfiguration({
      metadata: { name: 'nsm-webhook', resourceVersion: '7', labels: { 'app.kubernetes.io/part-of': 'nsm' } },
      webhooks: bundles.map((bundle, index) => ({
        name: `w${index}`,
        clientConfig: bundle === undefined ? {} : { caBundle: Buffer.from(bundle).toString('base64') },
      })),
    })

  it('tests the version and the names of the entries that it changes', () => {
    const bundle = ours.authority.certificate
    expect(
      bundlePatch(configuration([undefined, bundle, 'x']), bundle).map(
        ({ op, path }) => `${String(op)} ${String(path)}`,
      ),
    ).toEqual([
      'test /metadata/resourceVersion',
      'test /webhooks/0/name',
      'add /webhooks/0/clientConfig/caBundle',
      'test /webhooks/2/name',
      'add /webhooks/2/clientConfig/caBundle',
    ])
  })

  it('is empty when the same authorities are trusted, in whatever order', () => {
    const one = ours.authority.certificate + others.authority.certificate
    const other = others.authority.certificate + ours.authority.certificate
    expect(bundlePatch(configuration([one, one]), other)).toEqual([])
    expect(trusts(configuration([one, one]), [readFacts(ours.authority.certificate)])).toBe(true)
    expect(trusts(configuration([one, '']), [readFacts(ours.authority.certificate)])).toBe(false)
  })
})

describe('canonicalName()', () => {
  it.each([
    { name: 'A.test', canonical: 'a.test' },
    { name: 'FD00:0:0:0:0:0:0:1', canonical: 'fd00::1' },
    { name: '127.0.0.1', canonical: '127.0.0.1' },
  ])('writes $name as $canonical, as certificates are read', ({ name, canonical }) => {
    expect(canonicalName(name)).toBe(canonical)
  })

  it('is how the names of a leaf are read', () => {
    expect(readLeaf(ours.leaf, []).names).toEqual(['a.test', 'fd00::1'])
  })
})

describe('order()', () => {
  const { signal } = new AbortController()

  it('makes in a process of its own what make() makes', async () => {
    const { authority, leaf } = await order({ authority: life, leaf: { ...life, names: ['a'] } }, signal)
    expect(whyRefused(leaf?.certificate ?? '', authority?.certificate ?? '', Date.now())).toBeUndefined()
  })

  it('fails with what the process said', async () => {
    await expect(order({ leaf: { ...life, names: [], by: ours.authority } }, signal)).rejects.toThrow(
      /name at least one/,
    )
  })

  it('ends with its signal', async () => {
    const stop = new AbortController()
    const ordered = order({ authority: life }, stop.signal)
    stop.abort(new Error('no longer'))
    await expect(ordered).rejects.toThrow('no longer')
  })
})
