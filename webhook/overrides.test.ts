import { describe, expect, it } from 'vitest'
import { knownAnnotations, readOverrides, unknownAnnotations } from './overrides.ts'

const key = (name: string) => `networkservicemesh.io/${name}`
const read = (name: string, value: string) => readOverrides({ [key(name)]: value })

describe('readOverrides()', () => {
  it.each([
    'nsm-init',
    'nsm-init:v1.2.3',
    'localhost/nsm-init',
    'registry.example:5000/mesh/nsm_init:v1',
    'registry.example/a/b/c/d',
    `registry.example/nsm-init@sha256:${'0'.repeat(64)}`,
    `registry.example/nsm-init:v1@sha512:${'aF'.repeat(64)}`,
    `a:${'t'.repeat(128)}`,
  ])('takes the image %s', value => {
    expect(read('image', value)).toEqual({ image: value })
  })

  it.each([
    '',
    ' ',
    'a b',
    'a\nb',
    '/a',
    'a/',
    'a//b',
    '-a',
    'a/-b',
    'https://registry.example/a',
    'a@sha256:0123',
    `a@sha256:${'g'.repeat(64)}`,
    `a:b/c:${'t'.repeat(129)}`,
    'ä',
    'x'.repeat(513),
  ])('refuses the image %j', value => {
    expect(() => read('image', value)).toThrow(
      /annotation networkservicemesh.io\/image is .*name of an image/,
    )
  })

  describe.each(['cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'])('%s', name => {
    it.each(['1', '100m', '0.5', '.5', '64Mi', '1.5Gi', '1e3', '+2'])('takes %s as it is written', value => {
      expect(read(name, value)).toEqual({ [name]: value })
    })

    it.each(['', '0', '0m', '-1', '1 Gi', '64MB', '1e', '1ee3', 'Infinity', '0x10', '1_000', '9'.repeat(41)])(
      'refuses %j',
      value => {
        expect(() => read(name, value)).toThrow('expected a quantity above zero')
      },
    )
  })

  it.each([
    { name: 'mode', good: ['init', 'sidecar'], bad: ['Init', '', 'both'] },
    { name: 'image-pull-policy', good: ['Always', 'IfNotPresent', 'Never'], bad: ['always', 'ifnotpresent'] },
    { name: 'log-level', good: ['trace', 'debug', 'info', 'warn', 'error'], bad: ['DEBUG', 'verbose', ''] },
    { name: 'deadline', good: ['0', '90', '90s', '1m30s', '500ms', '1.5h'], bad: ['-1s', '1d', '', 'soon'] },
  ])('takes of $name what there is, and keeps it as it is written', ({ name, good, bad }) => {
    for (const value of good) expect(read(name, value)).toEqual({ [name]: value })
    for (const value of bad) expect(() => read(name, value), value).toThrow(key(name))
  })

  it('names every mistake, and BAD_ANNOTATION', () => {
    const wrong = { [key('cpu-limit')]: 'much', [key('image')]: '', [key('mode')]: 'init' }
    expect(() => readOverrides(wrong)).toThrow(
      expect.objectContaining({
        code: 'BAD_ANNOTATION',
        message: expect.stringMatching(
          /\/image is "": .*; annotation networkservicemesh\.io\/cpu-limit is "much": /,
        ),
      }),
    )
  })

  it('reads nothing else', () => {
    expect(
      readOverrides({ mode: 'init', 'example.org/mode': 'x', [key('Mode')]: 'x', [key('status')]: '{' }),
    ).toEqual({})
  })
})

describe('unknownAnnotations()', () => {
  it('says nothing of those that are read, nor of anybody else’s', () => {
    const known = Object.fromEntries(knownAnnotations.map(name => [name, '']))
    expect(unknownAnnotations({ ...known, 'example.org/mode': '', 'x.networkservicemesh.io/y': '' })).toEqual(
      [],
    )
  })

  it.each(['networkservicemesh.io/modes', 'networkservicemesh.io/', 'networkservicemesh.io/Mode'])(
    'says that %s does nothing',
    name => {
      expect(unknownAnnotations({ [name]: '' })).toEqual([
        expect.stringContaining(`not known have no effect: ${name};`),
      ])
    },
  )
})

describe('the time that a value takes', () => {
  // A reader that backtracks would not end within the time of a test.
  it.each(['deadline', 'image', 'cpu-limit', 'init-position', 'log-level', 'mode', 'inject'])(
    'does not grow faster than the value: %s',
    name => {
      for (const [some, last] of [
        ['1', 'x'],
        ['a', '!'],
        ['a-', '!'],
        ['1h', '!'],
        ['_', 'x'],
        ['before:', 'x'],
      ] as const) {
        const value = some.repeat(500_000) + last
        expect(() => readOverrides({ [`networkservicemesh.io/${name}`]: value })).toThrow(
          expect.objectContaining({ code: 'BAD_ANNOTATION' }),
        )
      }
    },
  )
})
