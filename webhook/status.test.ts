import { describe, expect, it } from 'vitest'
import { isPlace, printStatus, statusOf } from './status.ts'

const podWith = (status: string) => ({
  metadata: { annotations: { 'networkservicemesh.io/status': status } },
})
const read = (status: object) => statusOf(podWith(JSON.stringify(status)))
const nothing = {
  image: '',
  digest: '',
  initContainers: [],
  containers: [],
  annotations: {},
  made: [],
  replaced: {},
}

describe('statusOf()', () => {
  it('is undefined without the annotation', () => {
    expect(statusOf({})).toBeUndefined()
    expect(statusOf({ metadata: { annotations: null } })).toBeUndefined()
  })

  it('reads what was printed', () => {
    const status = {
      image: 'a:1',
      digest: '00',
      initContainers: ['nsm-init'],
      containers: ['nsm-sidecar'],
      annotations: { 'kubectl.kubernetes.io/default-container': 'app' },
      made: ['/metadata', '/spec/initContainers'] as const,
      replaced: { '/spec/dnsPolicy': 'ClusterFirst', '/spec/dnsConfig': { nameservers: ['192.0.2.1'] } },
    }
    expect(statusOf(podWith(printStatus(status)))).toEqual(status)
  })

  it.each([
    '',
    '{',
    'null',
    '1',
    '"x"',
    '[]',
    '{}',
    '{"version":2,"initContainers":["nsm-init"]}',
    '{"version":"1"}',
  ])('says nothing for %s', text => {
    expect(statusOf(podWith(text))).toEqual(nothing)
  })

  it.each([
    {
      name: 'containers of the user’s',
      forged: { initContainers: ['migrate', 'app'], containers: ['app', ''] },
    },
    {
      name: 'names that are no text',
      forged: { initContainers: [1, null, ['nsm-init']], containers: 'nsm-init' },
    },
    { name: 'other places', forged: { made: ['/spec', '/', '', '/spec/containers/0', '/metadata/labels'] } },
    { name: 'places that are no list', forged: { made: { '/metadata': true } } },
    {
      name: 'values of other places',
      forged: { replaced: { '/spec': {}, '/spec/hostNetwork': true, '/kind': 'X' } },
    },
    {
      name: 'values that such a place cannot have had',
      forged: {
        replaced: {
          '/metadata': {},
          '/metadata/annotations': 'x',
          '/spec/initContainers': 0,
          '/spec/containers': [{}],
          '/spec/dnsPolicy': 1,
          '/spec/dnsConfig': [[[[[[]]]]]],
        },
      },
    },
    { name: 'values that are a list', forged: { replaced: [['/metadata', null]] } },
    { name: 'an image and a digest that are no text', forged: { image: { a: 1 }, digest: 7 } },
  ])('does not believe $name', ({ forged }) => {
    expect(read({ version: 1, ...forged })).toEqual(nothing)
  })

  it('believes our own names only, among others', () => {
    expect(
      read({ version: 1, initContainers: ['app', 'nsm-init'], containers: ['nsm-sidecar', 'x'] }),
    ).toMatchObject({
      initContainers: ['nsm-init'],
      containers: ['nsm-sidecar'],
    })
  })

  it('takes names of prototypes for names', () => {
    const text =
      '{"version":1,"replaced":{"__proto__":{"/metadata":1},"constructor":1},"__proto__":{"image":"x"}}'
    expect(statusOf(podWith(text))).toEqual(nothing)
  })
})

describe('isPlace()', () => {
  it.each(['/spec/initContainers', '/metadata', '/spec/dnsConfig'])('knows %s', path => {
    expect(isPlace(path)).toBe(true)
  })

  it.each(['', '/', '/spec', '/spec/hostNetwork', 'constructor'])('does not know "%s"', path => {
    expect(isPlace(path)).toBe(false)
  })
})
