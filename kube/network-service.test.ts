import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readNetworkService } from './network-service.ts'

function read(spec: string) {
  return readNetworkService({
    metadata: { name: 'web', namespace: 'red' },
    spec: parse(`spec:
${spec}`).spec,
  })
}

const match = (sourceSelector: object, destinationSelector: object) => ({
  sourceSelector,
  fallthrough: false,
  routes: [{ destinationSelector, weight: 0 }],
})

describe('readNetworkService()', () => {
  test.each([
    {
      shape: 'v1alpha1',
      spec: '  payload: IP\n  matches:\n  - sourceSelector: {a: b}\n    route:\n    - destinationSelector: {c: d}\n',
      matches: [match({ a: 'b' }, { c: 'd' })],
    },
    {
      shape: 'v1',
      spec: '  matches:\n  - source_selector: {a: b}\n    routes:\n    - destination_selector: {c: d}\n',
      matches: [match({ a: 'b' }, { c: 'd' })],
    },
    {
      shape: 'empty match and destination keys',
      spec: '  matches:\n  - match:\n    sourceSelector:\n      a: b\n    route:\n    - destination:\n      destinationSelector:\n        c: d\n',
      matches: [match({ a: 'b' }, { c: 'd' })],
    },
    {
      shape: 'selectors below match and destination',
      spec: '  matches:\n  - match:\n      sourceSelector: {a: b}\n    route:\n    - destination:\n        destinationSelector: {c: d}\n',
      matches: [match({ a: 'b' }, { c: 'd' })],
    },
    {
      shape: 'a match for everybody',
      spec: '  matches:\n  - route:\n    - destinationSelector: {c: d}\n',
      matches: [match({}, { c: 'd' })],
    },
    {
      shape: 'weight and fallthrough',
      spec: '  matches:\n  - fallthrough: true\n    routes:\n    - weight: 3\n',
      matches: [{ sourceSelector: {}, fallthrough: true, routes: [{ destinationSelector: {}, weight: 3 }] }],
    },
    { shape: 'no matches', spec: '  payload: IP\n', matches: [] },
  ])('reads $shape', ({ spec, matches }) => {
    expect(read(spec)).toEqual({ namespace: 'red', networkService: { name: 'web', payload: 'IP', matches } })
  })

  test.each([
    {
      story: 'a selector that is a text',
      spec: '  matches:\n  - sourceSelector: app\n',
      says: 'spec.matches[0].sourceSelector is not a map',
    },
    {
      story: 'a label that is a number',
      spec: '  matches:\n  - sourceSelector: {a: 1}\n',
      says: 'spec.matches[0].sourceSelector.a is not text',
    },
    {
      story: 'routes that are no list',
      spec: '  matches:\n  - routes: {}\n',
      says: 'spec.matches[0].routes is not a list',
    },
    {
      story: 'a broken weight',
      spec: '  matches:\n  - routes: [{weight: -1}]\n',
      says: 'spec.matches[0].routes[0].weight',
    },
  ])('refuses $story', ({ spec, says }) => {
    expect(() => read(spec)).toThrow(`networkservice/web: ${says}`)
  })
})
