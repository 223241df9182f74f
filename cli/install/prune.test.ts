import { describe, expect, it } from 'vitest'
import { KubeApiError } from '#kube/api.ts'
import { fakeApi } from '#kube/fake-api.ts'
import type { Target } from './apply.ts'
import { ownKinds } from './kinds.ts'
import { kustomized } from './kustomize.ts'
import type { Manifest } from './object.ts'
import { prune } from './prune.ts'

const { signal } = new AbortController()
const objects = await kustomized('manifests/overlays/default')

describe('prune()', () => {
  it.each(ownKinds)('deletes a $kind that the version does not have', async kind => {
    const { target, left } = await clusterWith(kind.kind, { name: 'nsm-old' })
    expect(await stepsOf(target, objects)).toEqual([`${kind.kind.toLowerCase()}/nsm-old deleted`])
    expect(await left()).toEqual([])
  })

  it.each([
    { name: 'that the version has', has: { name: 'nsm-webhook' } },
    { name: 'that is not labelled as ours', has: { name: 'nsm-old', labels: {} } },
    { name: 'that is part of something else', has: { name: 'nsm-old', labels: { [label]: 'other' } } },
    { name: 'that somebody else has added, as a helper', has: { name: 'nsm-capture', manager: 'kubectl' } },
    { name: 'of another namespace', has: { name: 'nsm-old', namespace: 'shop' } },
  ])('leaves a Deployment $name', async ({ has }) => {
    const { target, left } = await clusterWith('Deployment', has)
    expect(await stepsOf(target, objects)).toEqual([])
    expect(await left()).toEqual([has.name])
  })

  it('leaves what belongs to the cluster although its file says a namespace', async () => {
    const { target, left } = await clusterWith('ClusterRole', { name: 'mine' })
    const metadata = { name: 'mine', namespace: 'nsm-system' }
    const mine = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata }
    expect(await stepsOf(target, [...objects, mine])).toEqual([])
    expect(await left()).toEqual(['mine'])
  })

  it('leaves everything where only a part of a mesh is installed', async () => {
    const { target, left } = await clusterWith('Deployment', { name: 'nsm-webhook' })
    const part = objects.filter(({ metadata }) => metadata.name === 'nsm-issuer')
    expect(await stepsOf(target, part)).toEqual([])
    expect(await left()).toEqual(['nsm-webhook'])
  })

  it('only tells, in a dry run', async () => {
    const { target, left } = await clusterWith('Service', { name: 'nsm-old' })
    expect(await stepsOf({ ...target, mode: 'dry run' }, objects)).toEqual(['service/nsm-old deleted'])
    expect(await left()).toEqual(['nsm-old'])
  })

  it('tells what it may not list or delete, and goes on', async () => {
    const { target, api, left } = await clusterWith('Service', { name: 'nsm-old' })
    api.intercept(({ method, path }) => {
      if (method === 'DELETE' || path.includes('/roles'))
        throw new KubeApiError({ status: 403, reason: 'Forbidden' }, 'you may not')
    })
    expect(await stepsOf(target, objects)).toEqual(['service/nsm-old ignored', 'roles ignored'])
    expect(await left()).toEqual(['nsm-old'])
  })
})

it('every kind of the manifests is either pruned or kept on purpose', async () => {
  const kept = ['CustomResourceDefinition', 'Namespace', 'Secret', 'ConfigMap']
  const all = [...objects, ...(await kustomized('manifests/overlays/ha'))].map(({ kind }) => kind)
  const known = ownKinds.map(({ kind }) => kind)
  expect([...new Set(all)].filter(kind => !known.includes(kind)).toSorted()).toEqual(kept.toSorted())
  expect(known.filter(kind => kept.includes(kind))).toEqual([])
})

const label = 'app.kubernetes.io/part-of'

interface Present {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Who has applied it; default an installation. */
  readonly manager?: string
}

/** A cluster with one object. */
async function clusterWith(
  name: string,
  { name: called, namespace = 'nsm-system', labels = { [label]: 'nsm' }, manager = 'nsm' }: Present,
) {
  const api = fakeApi()
  const kind = ownKinds.find(own => own.kind === name)
  if (kind === undefined) throw new Error(`no kind ${name}`)
  const { root, resource, scope } = kind
  const path = scope === 'cluster' ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`
  const managedFields = [{ manager, operation: 'Apply' }]
  const metadata = { name: called, labels, managedFields, ...(scope === 'cluster' ? {} : { namespace }) }
  await api.call({ method: 'POST', path, body: { kind: name, metadata }, signal })
  const target: Target = {
    api,
    discovery: () => Promise.reject(new Error('not needed')),
    signal,
    mode: 'change',
  }
  const left = async () => {
    const { items } = await api.call({ method: 'GET', path, signal })
    return (items as readonly Manifest[]).map(item => item.metadata.name)
  }
  return { api, target, left }
}

async function stepsOf(target: Target, wanted: readonly Manifest[]): Promise<readonly string[]> {
  const steps = await Array.fromAsync(prune(target, wanted))
  return steps.map(({ object, state }) => `${object} ${state}`)
}
