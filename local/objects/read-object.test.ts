import { describe, expect, test } from 'vitest'
import { parseManifests } from './parse-manifests.ts'
import { readObject } from './read-object.ts'

function read(text: string) {
  return parseManifests([{ file: 'x.yaml', text }]).map(readObject)
}

const pod = (spec: string) => `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: ${spec}\n`
const container = (fields: string) => pod(`{containers: [{name: app, ${fields}}]}`)

describe('readObject()', () => {
  test('puts an object into the namespace default', () => {
    expect(read(container('image: alpine, command: [sleep]'))[0]?.metadata).toEqual({
      name: 'web',
      namespace: 'default',
    })
  })

  test('keeps fields that it does not know', () => {
    const [object] = read(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, finalizers: [x]}\ndata: {a: b}\nimmutable: true\n',
    )
    expect(object).toMatchObject({ metadata: { finalizers: ['x'] }, data: { a: 'b' }, immutable: true })
  })

  test.each([
    { story: 'no kind', text: 'apiVersion: v1\nmetadata: {name: a}\n', says: 'no kind' },
    { story: 'no apiVersion', text: 'kind: Pod\nmetadata: {name: a}\n', says: 'no apiVersion' },
    { story: 'no name', text: 'apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {}\n', says: 'metadata.name' },
    { story: 'no metadata', text: 'apiVersion: v1\nkind: Pod\nspec: {}\n', says: 'Pod has no metadata.name' },
    {
      story: 'a name with capitals',
      text: 'apiVersion: v1\nkind: Pod\nmetadata: {name: Web}\nspec: {}\n',
      says: '"Web" is not a name',
    },
    {
      story: 'a label that is a number',
      text: 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {x: 1}}\n',
      says: '/metadata/labels/x',
    },
    {
      story: 'a pod without a spec',
      text: 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n',
      says: '/spec',
    },
    { story: 'no containers', text: pod('{}'), says: '/spec/containers is empty' },
    { story: 'a container without a name', text: pod('{containers: [{image: a}]}'), says: 'no name' },
    { story: 'a container without an image', text: container('command: [a]'), says: 'app has no image' },
    {
      story: 'an image that is not ours, without a command',
      text: container('image: nginx'),
      says: 'image nginx is not run by the local engine',
    },
    {
      story: 'a command that is one text',
      text: container('image: a, command: sleep 1'),
      says: 'command is not a list',
    },
    {
      story: 'an argument that is a number',
      text: container('image: a, command: [sleep, 1]'),
      says: 'command is not a list of texts',
    },
    {
      story: 'a variable that is a number',
      text: container('image: a, command: [b], env: [{name: X, value: 1}]'),
      says: 'variable X is a number',
    },
    {
      story: 'two containers of one name',
      text: pod('{initContainers: [{name: a, image: nsm-init}], containers: [{name: a, image: nsm-init}]}'),
      says: 'two containers named "a"',
    },
    {
      story: 'a workload without a template',
      text: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {}\n',
      says: '/spec/template',
    },
    {
      story: 'a template without containers',
      text: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {}}}\n',
      says: 'Deployment a template /spec/containers',
    },
  ])('refuses an object with $story, naming the file', ({ text, says }) => {
    expect(() => read(text)).toThrow(says)
    expect(() => read(text)).toThrow(/^x\.yaml:1: /)
  })
})
