import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { identify } from './identity.ts'
import { Pods } from './pods.ts'

const nothing = { all: () => [], put: () => undefined, remove: () => undefined }

function known(...pods: readonly { readonly uid: string; readonly cookie: bigint }[]): Pods {
  const all = new Pods(nothing)
  for (const { uid, cookie } of pods)
    all.put(create(PodSchema, { uid, name: uid, namespace: 'default', netnsCookie: cookie }))
  return all
}

const a = { uid: 'a', cookie: 10n }
const b = { uid: 'b', cookie: 20n }
const peer = { pid: 42, netnsCookie: 10n }

describe('identify', () => {
  it.each([
    { story: 'the workspace is the pod’s', owner: 'a', pods: [a, b] },
    { story: 'the workspace is nobody’s yet', owner: undefined, pods: [a, b] },
  ])('identify() names the pod when $story', ({ owner, pods }) => {
    expect(identify(peer, { workspace: 'w', owner }, { pods: known(...pods), nodeCookie: 1n }).uid).toBe('a')
  })

  it.each([
    {
      story: 'nobody told of the pod',
      owner: 'a',
      pods: [b],
      nodeCookie: 1n,
      says: /no pod that this manager was told of/,
    },
    {
      story: 'the workspace belongs to another pod',
      owner: 'b',
      pods: [a, b],
      nodeCookie: 1n,
      says: /lives in pod default\/a/,
    },
    {
      story: 'it lives in the node’s namespace',
      owner: 'a',
      pods: [a],
      nodeCookie: 10n,
      says: /hostNetwork/,
    },
    {
      story: 'several pods share its namespace',
      owner: 'a',
      pods: [a, { uid: 'c', cookie: 10n }],
      nodeCookie: 1n,
      says: /2 pods share/,
    },
  ])('identify() is DENIED when $story', ({ owner, pods, nodeCookie, says }) => {
    const act = () => identify(peer, { workspace: 'w', owner }, { pods: known(...pods), nodeCookie })
    expect(act).toThrow(expect.objectContaining({ code: 'DENIED', message: expect.stringMatching(says) }))
  })

  it('identify() takes the pod of the workspace in a shared namespace when nobody is refused', () => {
    const pods = known(a, { uid: 'c', cookie: 10n })
    expect(identify(peer, { workspace: 'w', owner: 'c' }, { pods }).uid).toBe('c')
  })

  it('identify() knows a pod no longer that was removed or has moved to another namespace', () => {
    const pods = known(a)
    pods.put(create(PodSchema, { uid: 'a', name: 'a', namespace: 'default', netnsCookie: 11n }))
    expect(() => identify(peer, { workspace: 'w', owner: 'a' }, { pods })).toThrow('no pod')
    pods.remove('a')
    expect(pods.inNamespace(11n)).toEqual([])
  })
})
