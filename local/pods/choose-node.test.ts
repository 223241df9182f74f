import { describe, expect, test } from 'vitest'
import { chooseNode } from './choose-node.ts'

const load = new Map([
  ['node-1', 2],
  ['node-2', 1],
])

describe('chooseNode()', () => {
  test.each([
    { story: 'the one with the fewest pods', spec: {}, node: 'node-2' },
    { story: 'the one of nodeName', spec: { nodeName: 'node-1' }, node: 'node-1' },
    {
      story: 'the one of the nodeSelector',
      spec: { nodeSelector: { 'kubernetes.io/hostname': 'node-1' } },
      node: 'node-1',
    },
  ])('takes $story', ({ spec, node }) => {
    expect(chooseNode({ containers: [], ...spec }, load)).toBe(node)
  })

  test('names the nodes when a pod asks for another one', () => {
    expect(() => chooseNode({ containers: [], nodeName: 'mars' }, load)).toThrow(/mars.*node-1, node-2/)
  })
})
