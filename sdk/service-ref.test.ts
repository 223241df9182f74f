import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { parseAnnotations, parseServiceRefs, printServiceRefs, type ServiceRef } from './service-ref.ts'

const accepted: readonly { name: string; text: string; refs: readonly Partial<ServiceRef>[] }[] = [
  { name: 'a bare name has no labels', text: 'icmp-responder', refs: [{ service: 'icmp-responder' }] },
  {
    name: 'a label',
    text: 'secure-intranet?app=firewall',
    refs: [{ service: 'secure-intranet', labels: { app: 'firewall' } }],
  },
  { name: 'two entries in order', text: 'a,b', refs: [{ service: 'a' }, { service: 'b' }] },
  {
    name: 'white space around entries',
    text: ' a ,\n\tb/eth1 ',
    refs: [{ service: 'a' }, { service: 'b', interface: 'eth1' }],
  },
  { name: 'an interface', text: 'a/eth0', refs: [{ service: 'a', interface: 'eth0' }] },
  {
    name: 'an interface of 15 bytes',
    text: 'a/abcdefghijklmno',
    refs: [{ service: 'a', interface: 'abcdefghijklmno' }],
  },
  { name: 'an interface with a dot', text: 'a/eth0.100', refs: [{ service: 'a', interface: 'eth0.100' }] },
  {
    name: 'an encoded character in an interface',
    text: 'a/x%2Cy',
    refs: [{ service: 'a', interface: 'x,y' }],
  },
  { name: 'an interface left to default', text: 'a/', refs: [{ service: 'a' }] },
  { name: 'no query behind the question mark', text: 'a/eth0?', refs: [{ service: 'a', interface: 'eth0' }] },
  {
    name: 'the link of two devices',
    text: 'p2p/eth12?link=net-0&peerif=eth21',
    refs: [{ service: 'p2p', interface: 'eth12', labels: { link: 'net-0', peerif: 'eth21' } }],
  },
  { name: 'a domain', text: 'svc@example.org', refs: [{ service: 'svc', domain: 'example.org' }] },
  {
    name: 'an address as domain',
    text: 'svc@1.2.3.4/nsm0',
    refs: [{ service: 'svc', domain: '1.2.3.4', interface: 'nsm0' }],
  },
  {
    name: 'the URL form',
    text: 'kernel://a/nsm-1,kernel://b/nsm-2',
    refs: [
      { service: 'a', interface: 'nsm-1' },
      { service: 'b', interface: 'nsm-2' },
    ],
  },
  {
    name: 'the URL form with everything',
    text: 'KERNEL://a@d.org/nsm-1?k=v',
    refs: [{ service: 'a', domain: 'd.org', interface: 'nsm-1', labels: { k: 'v' } }],
  },
  { name: 'both forms side by side', text: 'a,kernel://b', refs: [{ service: 'a' }, { service: 'b' }] },
  {
    name: 'an encoded comma and equals sign in a label',
    text: 'a?list=1%2C2%3D3',
    refs: [{ service: 'a', labels: { list: '1,2=3' } }],
  },
  {
    name: 'a bare equals sign in a label',
    text: 'a?eq=b=c',
    refs: [{ service: 'a', labels: { eq: 'b=c' } }],
  },
  { name: 'a plus sign as a space', text: 'a?k=b+c%2Bd', refs: [{ service: 'a', labels: { k: 'b c+d' } }] },
  { name: 'a label without a value', text: 'a?k&l=', refs: [{ service: 'a', labels: { k: '', l: '' } }] },
]

const refused: readonly { name: string; text: string; message: string }[] = [
  { name: 'empty', text: '', message: 'S, entry 1, column 1: found nothing, expected [kernel://]service' },
  { name: 'blank', text: '  ', message: 'S, entry 1, column 3: found nothing' },
  { name: 'a trailing comma', text: 'a,', message: 'S, entry 2, column 3: found nothing' },
  { name: 'a comma too many', text: 'a, ,b', message: 'S, entry 2, column 4: found nothing' },
  { name: 'no name', text: '/eth0', message: 'S, entry 1, column 1: found nothing, expected a service name' },
  {
    name: 'no name but labels',
    text: '?k=v',
    message: 'S, entry 1, column 1: found nothing, expected a service name',
  },
  {
    name: 'three parts',
    text: 'x, a/b/c',
    message: 'S, entry 2, column 7: found "/c", expected one "/" at most',
  },
  {
    name: 'an interface of 16 bytes',
    text: 'a/abcdefghijklmnop',
    message: 'S, entry 1, column 3: found "abcdefghijklmnop", expected an interface name of 1 to 15 bytes',
  },
  {
    name: 'an interface of 14 characters in 16 bytes',
    text: 'a/éçabcdefghijkl',
    message: 'expected an interface name of 1 to 15 bytes',
  },
  { name: 'the interface "."', text: 'a/.', message: 'column 3: found ".", expected an interface name' },
  { name: 'the interface ".."', text: 'a/..', message: 'column 3: found "..", expected an interface name' },
  {
    name: 'a colon in an interface',
    text: 'a/eth0:1',
    message: 'column 3: found "eth0:1", expected an interface name',
  },
  {
    name: 'an encoded slash in an interface',
    text: 'a/b%2Fc',
    message: 'column 3: found "b%2Fc", expected an interface name',
  },
  {
    name: 'an encoded space in an interface',
    text: 'a/b%20c',
    message: 'column 3: found "b%20c", expected an interface name',
  },
  {
    name: 'a template as interface',
    text: 'a/eth%25d',
    message: 'column 3: found "eth%25d", expected an interface name',
  },
  {
    name: 'an interface with the byte that the kernel takes for a space',
    text: 'a/%C3%A0',
    message: 'expected an interface name',
  },
  {
    name: 'another scheme',
    text: 'memif://a/if',
    message:
      'S, entry 1, column 1: found "memif://", expected kernel:// or no scheme: only kernel interfaces',
  },
  {
    name: 'a host',
    text: 'http://h/x',
    message: 'column 1: found "http://", expected kernel:// or no scheme',
  },
  {
    name: 'a host without scheme',
    text: '//h/x',
    message: 'column 1: found nothing, expected a service name',
  },
  { name: 'a port', text: 'svc@1.2.3.4:80', message: 'column 5: found "1.2.3.4:80", expected a domain' },
  {
    name: 'a port in the URL form',
    text: 'kernel://a:80/b',
    message: 'column 10: found "a:80", expected a service name',
  },
  { name: 'no domain behind the at sign', text: 'a@', message: 'column 3: found nothing, expected a domain' },
  {
    name: 'capitals',
    text: 'Firewall',
    message: 'column 1: found "Firewall", expected a service name of lower-case letters',
  },
  { name: 'a space inside', text: 'a b', message: 'column 2: found " ", expected an entry without spaces' },
  {
    name: 'a fragment',
    text: 'a?k=v#x',
    message: 'column 6: found "#", expected an entry without spaces and "#"',
  },
  {
    name: 'a repeated label',
    text: 'a?k=1&k=2',
    message: 'column 7: found "k=2", expected each label once, and "k" has a value already',
  },
  {
    name: 'an empty label',
    text: 'a?k=1&',
    message: 'column 7: found nothing, expected a label as key=value',
  },
  {
    name: 'a label without key',
    text: 'a?=1',
    message: 'column 3: found "=1", expected a label as key=value',
  },
  { name: 'a broken escape', text: 'a?k=%zz', message: 'column 5: found "%zz", expected each "%" to begin' },
  {
    name: 'an interface twice',
    text: 'a/eth0, b/eth0',
    message: 'S, entry 2, column 9: found "b/eth0", expected each interface once, and "eth0" is',
  },
  { name: 'half a surrogate pair', text: 'a\ud800', message: 'expected well-formed Unicode' },
]

describe('parseServiceRefs', () => {
  test.each(accepted)('parseServiceRefs() reads $name', ({ text, refs }) => {
    expect(parseServiceRefs(text)).toEqual(refs.map(ref => ({ labels: {}, mechanism: 'kernel', ...ref })))
  })

  test.each(refused)('parseServiceRefs() refuses $name', ({ text, message }) => {
    expect(() => parseServiceRefs(text, { source: 'S' })).toThrow(
      expect.objectContaining({ code: 'BAD_ANNOTATION', message: expect.stringContaining(message) }),
    )
  })

  test('parseServiceRefs() shortens what it found when that is long', () => {
    expect(() => parseServiceRefs('X'.repeat(10_000))).toThrow(/^.{1,250}$/)
  })

  test('parseServiceRefs() throws nothing but NsmError whatever the input', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearlyRight), text => throwsOnlyNsmError(text)),
      { numRuns: 2000 },
    )
  })

  test('parseServiceRefs() reads back what printServiceRefs() wrote', () => {
    fc.assert(
      fc.property(serviceRefs, refs => {
        expect(parseServiceRefs(printServiceRefs(refs))).toEqual(refs)
      }),
    )
  })

  test('printServiceRefs() keeps the meaning of any text that can be read', () => {
    fc.assert(
      fc.property(nearlyRight, text => {
        const refs = readable(text)
        if (refs !== undefined) expect(parseServiceRefs(printServiceRefs(refs))).toEqual(refs)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('parseAnnotations', () => {
  test('parseAnnotations() finds nothing when there is no annotation of ours', () => {
    expect(parseAnnotations(undefined)).toEqual({ refs: [], warnings: [] })
    expect(parseAnnotations({ app: 'x', 'other.networkservicemesh.io': 'y' })).toEqual({
      refs: [],
      warnings: [],
    })
  })

  test('parseAnnotations() joins both annotations, the older key first', () => {
    const { refs } = parseAnnotations({
      'networkservicemesh.io': 'kernel://b',
      'ns.networkservicemesh.io': 'a',
    })
    expect(refs.map(ref => ref.service)).toEqual(['a', 'b'])
  })

  test('parseAnnotations() names the second annotation when both ask for one interface', () => {
    const annotations = { 'networkservicemesh.io': 'kernel://b/eth0', 'ns.networkservicemesh.io': 'a/eth0' }
    expect(() => parseAnnotations(annotations)).toThrow(
      /^annotation networkservicemesh\.io, entry 1, column 1: .*"eth0"/,
    )
  })

  test('parseAnnotations() refuses an empty annotation', () => {
    expect(() => parseAnnotations({ 'ns.networkservicemesh.io': '' })).toThrow(
      expect.objectContaining({ code: 'BAD_ANNOTATION' }),
    )
  })

  test('parseAnnotations() warns about a key of another case and does not read it', () => {
    expect(parseAnnotations({ 'Ns.networkservicemesh.io': ',,,' })).toEqual({
      refs: [],
      warnings: [
        'annotation Ns.networkservicemesh.io is ignored: keys are case-sensitive, write ns.networkservicemesh.io',
      ],
    })
  })
})

const dnsName = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?(\.[a-z0-9]{1,5}){0,2}$/)

const serviceRefs: fc.Arbitrary<ServiceRef[]> = fc.uniqueArray(
  fc
    .record({
      service: dnsName,
      domain: fc.option(dnsName, { nil: undefined }),
      interface: fc.option(
        fc.stringMatching(/^[!-~]{3,15}$/).filter(name => !/[/:%]/.test(name)),
        { nil: undefined },
      ),
      labels: fc.dictionary(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' })),
    })
    .map(({ service, domain, interface: name, labels }) => ({
      service,
      ...(domain === undefined ? {} : { domain }),
      ...(name === undefined ? {} : { interface: name }),
      labels: Object.fromEntries(Object.entries(labels)),
      mechanism: 'kernel' as const,
    })),
  {
    minLength: 1,
    maxLength: 4,
    comparator: (a, b) => a.interface !== undefined && a.interface === b.interface,
  },
)

/** Texts built of the grammar's own parts, right and wrong. */
const nearlyRight = fc
  .array(
    fc.constantFrom(
      'a',
      'svc',
      'eth0',
      'k',
      '/',
      '?',
      '&',
      '=',
      ',',
      '@',
      '%2C',
      '%',
      '+',
      ' ',
      '.',
      '-',
      ':',
      '#',
      'kernel://',
      'é',
      '1',
    ),
    { maxLength: 14 },
  )
  .map(parts => parts.join(''))

function throwsOnlyNsmError(text: string): boolean {
  try {
    parseServiceRefs(text)
    return true
  } catch (thrown) {
    return thrown instanceof NsmError && thrown.code === 'BAD_ANNOTATION'
  }
}

function readable(text: string): readonly ServiceRef[] | undefined {
  try {
    return parseServiceRefs(text)
  } catch {
    return undefined
  }
}
