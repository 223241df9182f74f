import { describe, expect, test } from 'vitest'
import { creationRank, kindCalled } from './kinds.ts'

describe('kindCalled()', () => {
  test.each([
    { word: 'pod', kind: 'Pod' },
    { word: 'PODS', kind: 'Pod' },
    { word: 'deploy', kind: 'Deployment' },
    { word: 'networkservices.networkservicemesh.io', kind: 'NetworkService' },
  ])('takes $word for $kind', ({ word, kind }) => {
    expect(kindCalled(word)).toBe(kind)
  })

  test('lists what it knows when it does not know the word', () => {
    expect(() => kindCalled('gizmo')).toThrow(/"gizmo".*deployment/)
  })
})

test('creationRank() puts services and configuration before pods, and keeps pods and workloads as written', () => {
  const kinds = ['Deployment', 'Pod', 'NetworkService', 'ConfigMap', 'DaemonSet']
  expect(kinds.toSorted((a, b) => creationRank(a) - creationRank(b))).toEqual([
    'ConfigMap',
    'NetworkService',
    'Deployment',
    'Pod',
    'DaemonSet',
  ])
})
