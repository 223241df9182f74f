import { describe, expect, test } from 'vitest'
import { parseManifests } from './parse-manifests.ts'

const parse = (text: string) => parseManifests([{ file: 'x.yaml', text }])

describe('parseManifests()', () => {
  test.each([
    { story: 'several documents', text: 'kind: A\n---\nkind: B\n', kinds: ['A', 'B'] },
    { story: 'empty documents', text: '---\n\n---\nkind: A\n---\n# only a comment\n', kinds: ['A'] },
    {
      story: 'a List',
      text: 'kind: List\nitems:\n- kind: A\n- kind: PodList\n  items: [{kind: B}]\n',
      kinds: ['A', 'B'],
    },
    { story: 'JSON', text: '{"kind": "A"}', kinds: ['A'] },
    { story: 'anchors and merge keys', text: 'kind: &k A\nother:\n  <<: {x: 1}\n  name: *k\n', kinds: ['A'] },
    { story: 'nothing', text: '', kinds: [] },
  ])('reads $story', ({ text, kinds }) => {
    expect(parse(text).map(({ value }) => value['kind'])).toEqual(kinds)
  })

  test('says in which line of which file an object is', () => {
    expect(parse('kind: A\n---\n\nkind: B\n').map(({ place }) => place)).toEqual(['x.yaml:1', 'x.yaml:4'])
  })

  test.each([
    { story: 'malformed YAML', text: 'kind: Pod\n  name: [', says: /^x\.yaml:1:7: .*; x\.yaml:2:\d+: / },
    { story: 'an alias without an anchor', text: 'kind: *nobody', says: /^x\.yaml:1.*nobody/ },
    { story: 'a key that is there twice', text: 'kind: A\nkind: B\n', says: /^x\.yaml:2:1: / },
    {
      story: 'a text in place of an object',
      text: 'hello',
      says: /^x\.yaml:1: a Kubernetes object is expected/,
    },
  ])('refuses $story with file and line', ({ text, says }) => {
    expect(() => parse(text)).toThrow(says)
  })
})
