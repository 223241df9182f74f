import { describe, expect, test } from 'vitest'
import type { PodObject } from '#local/objects/object.ts'
import { chooseNode } from './choose-node.ts'

const nodes = ['node-1', 'node-2', 'node-3']
const others = [
  { namespace: 'default', labels: { app: 'web' }, node: 'node-1' },
  { namespace: 'default', labels: { app: 'web' }, node: 'node-2' },
  { namespace: 'default', labels: { app: 'nse' }, node: 'node-3' },
  { namespace: 'default', labels: {}, node: 'node-3' },
  { namespace: 'shop', labels: { app: 'shop' }, node: 'node-1' },
]

function podWith(spec: object): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [], ...spec },
  }
}

function affinity(
  kind: 'podAffinity' | 'podAntiAffinity',
  labelSelector?: object,
  more: object = {},
): object {
  const term = {
    topologyKey: 'kubernetes.io/hostname',
    ...(labelSelector === undefined ? {} : { labelSelector }),
  }
  return {
    affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, ...more }] } },
  }
}

const web = { matchLabels: { app: 'web' } }
const nse = { matchExpressions: [{ key: 'app', operator: 'In', values: ['nse'] }] }

describe('chooseNode()', () => {
  test.each([
    { story: 'the one with the fewest pods', spec: {}, node: 'node-2' },
    { story: 'the one of nodeName', spec: { nodeName: 'node-1' }, node: 'node-1' },
    {
      story: 'the one of the nodeSelector',
      spec: { nodeSelector: { 'kubernetes.io/hostname': 'node-1' } },
      node: 'node-1',
    },
    {
      story: 'the one with the pod that it wants to be near',
      spec: affinity('podAffinity', nse),
      node: 'node-3',
    },
    { story: 'one without the pods that it avoids', spec: affinity('podAntiAffinity', web), node: 'node-3' },
    {
      story: 'any, when what it wants to be near is nowhere',
      spec: affinity('podAffinity', { matchLabels: { app: 'late' } }),
      node: 'node-2',
    },
    { story: 'any, for a term without a selector', spec: affinity('podAntiAffinity'), node: 'node-2' },
    {
      story: 'any, when the pods that it avoids are in another namespace',
      spec: affinity('podAntiAffinity', { matchLabels: { app: 'shop' } }),
      node: 'node-2',
    },
    {
      story: 'one without the pods of the namespaces that it names',
      spec: affinity('podAffinity', { matchLabels: { app: 'shop' } }, { namespaces: ['shop'] }),
      node: 'node-1',
    },
    {
      story: 'one with a pod that has a label',
      spec: affinity('podAntiAffinity', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }),
      node: 'node-2',
    },
    {
      story: 'any, for another topology',
      spec: affinity('podAntiAffinity', web, { topologyKey: 'zone' }),
      node: 'node-2',
    },
  ])('takes $story', ({ spec, node }) => {
    expect(chooseNode(podWith(spec), nodes, others)).toBe(node)
  })

  test('names the nodes when a pod asks for another one', () => {
    expect(() => chooseNode(podWith({ nodeName: 'mars' }), nodes, others)).toThrow(/mars.*node-1, node-2/)
  })

  test('says that the affinity of a pod allows no node', () => {
    const everybody = { matchExpressions: [{ key: 'app', operator: 'Exists' }] }
    expect(() => chooseNode(podWith(affinity('podAntiAffinity', everybody)), nodes, others)).toThrow(
      /affinity of pod p .*node-1, node-2, node-3/,
    )
  })
})
