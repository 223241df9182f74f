import { describe, expect, test } from 'vitest'
import type { ContainerSpec, MeshObject, PodObject } from '#local/objects/object.ts'
import { environmentOf } from './environment.ts'

const pod: PodObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'red', uid: 'u1', labels: { app: 'x' }, annotations: { note: 'n' } },
  spec: { containers: [] },
}

const objects: readonly MeshObject[] = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', namespace: 'red' },
    data: { A: 'a', B: 'b' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'red' },
    data: { P: 'cHc=' },
    stringData: { Q: 'plain' },
  },
]

function environment(container: Omit<ContainerSpec, 'name' | 'image'>) {
  return environmentOf(
    { name: 'app', image: 'alpine', ...container },
    {
      pod,
      node: 'node-1',
      find: (kind, name) => objects.find(object => object.kind === kind && object.metadata.name === name),
    },
  )
}

describe('environmentOf()', () => {
  test.each([
    {
      story: 'later variables use earlier ones',
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: 'x$(X)' },
      ],
      is: { X: '1', Y: 'x1' },
    },
    { story: 'a variable without a value is empty', env: [{ name: 'X' }], is: { X: '' } },
    {
      story: 'metadata.name',
      env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      is: { X: 'web' },
    },
    {
      story: 'a label',
      env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }],
      is: { X: 'x' },
    },
    {
      story: 'an annotation',
      env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['note']" } } }],
      is: { X: 'n' },
    },
    {
      story: 'spec.nodeName',
      env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
      is: { X: 'node-1' },
    },
    {
      story: 'a key of a ConfigMap',
      env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'A' } } }],
      is: { X: 'a' },
    },
    {
      story: 'a key of a Secret',
      env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'P' } } }],
      is: { X: 'pw' },
    },
    {
      story: 'an optional key that is missing',
      env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'Z', optional: true } } }],
      is: {},
    },
  ])('knows $story', ({ env, is }) => {
    expect(environment({ env })).toEqual(is)
  })

  test('envFrom takes whole objects, and env overrides them', () => {
    const envFrom = [{ configMapRef: { name: 'c' } }, { prefix: 'S_', secretRef: { name: 's' } }]
    expect(environment({ envFrom, env: [{ name: 'B', value: '$(A)!' }] })).toEqual({
      A: 'a',
      B: 'a!',
      S_P: 'pw',
      S_Q: 'plain',
    })
  })

  test.each([
    {
      story: 'a missing key',
      container: { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'Z' } } }] },
      says: 'configmap/c has no key Z',
    },
    {
      story: 'a missing Secret',
      container: { envFrom: [{ secretRef: { name: 'gone' } }] },
      says: 'secret/gone does not exist',
    },
    {
      story: 'a field that there is not',
      container: { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'status.qosClass' } } }] },
      says: 'status.qosClass',
    },
  ])('refuses $story', ({ container, says }) => {
    expect(() => environment(container)).toThrow(says)
  })
})
