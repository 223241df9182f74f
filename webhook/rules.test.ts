import { describe, expect, it } from 'vitest'
import type { Pod } from '#kube/pod.ts'
import { settings } from './golden.contract.ts'
import { type PatchContext, rules, rulesThatHold, subjectOf } from './rules.ts'

const asks = { 'ns.networkservicemesh.io': 'a' }
const inject = 'networkservicemesh.io/inject'

function reasons(pod: Pod, context: Partial<PatchContext> = {}) {
  return rulesThatHold(subjectOf(pod, { settings, ...context })).map(({ reason }) => reason)
}

function annotated(annotations: Readonly<Record<string, string>>, more: Pod = {}): Pod {
  return { ...more, metadata: { ...more.metadata, annotations: { ...asks, ...annotations } } }
}

describe('subjectOf()', () => {
  it.each([
    {
      name: 'the request',
      pod: { metadata: { namespace: 'own' } },
      context: { namespace: 'asked' },
      is: 'asked',
    },
    { name: 'the pod', pod: { metadata: { namespace: 'own' } }, context: {}, is: 'own' },
    { name: 'nobody', pod: {}, context: {}, is: 'default' },
    { name: 'nobody, without metadata', pod: { metadata: null }, context: {}, is: 'default' },
  ])('takes the namespace from $name', ({ pod, context, is }) => {
    expect(subjectOf(pod, { settings, ...context }).namespace).toBe(is)
  })

  it.each([
    { name: 'nobody', own: {}, inherited: undefined, asked: undefined },
    {
      name: 'nobody, but about other things',
      own: { a: 'b' },
      inherited: { [inject]: 'true' },
      asked: undefined,
    },
    {
      name: 'the pod',
      own: { ...asks, a: 'b' },
      inherited: undefined,
      asked: { by: 'pod', annotations: asks },
    },
    {
      name: 'the namespace',
      own: { a: 'b' },
      inherited: { ...asks, c: 'd' },
      asked: { by: 'namespace', annotations: asks },
    },
    {
      name: 'the pod before its namespace',
      own: { 'networkservicemesh.io': 'p' },
      inherited: asks,
      asked: { by: 'pod', annotations: { 'networkservicemesh.io': 'p' } },
    },
    {
      name: 'both keys of one of them',
      own: { ...asks, 'networkservicemesh.io': '' },
      inherited: undefined,
      asked: { by: 'pod', annotations: { ...asks, 'networkservicemesh.io': '' } },
    },
  ])('is asked by $name', ({ own, inherited, asked }) => {
    const context = inherited === undefined ? { settings } : { settings, inherited }
    expect(subjectOf({ metadata: { annotations: own } }, context).asked).toEqual(asked)
  })
})

describe('rulesThatHold()', () => {
  it.each<{
    readonly name: string
    readonly pod: Pod
    readonly context?: Partial<PatchContext>
    readonly is: readonly string[]
  }>([
    { name: 'an ordinary pod that asks', pod: annotated({}), is: [] },
    { name: 'a pod that does not ask', pod: {}, is: ['no-annotation'] },
    {
      name: 'a pod that does not ask, whatever else it is',
      pod: { metadata: { annotations: { [inject]: 'perhaps' } }, spec: { hostNetwork: true } },
      context: { namespace: 'kube-system' },
      is: ['no-annotation'],
    },
    {
      name: 'a pod in an ignored namespace',
      pod: annotated({}),
      context: { namespace: 'kube-public' },
      is: ['ignored-namespace'],
    },
    {
      name: 'a part of the mesh',
      pod: annotated({}, { metadata: { labels: { 'app.kubernetes.io/part-of': 'nsm' } } }),
      is: ['own-pod'],
    },
    { name: 'a mirror pod', pod: annotated({ 'kubernetes.io/config.mirror': '' }), is: ['mirror-pod'] },
    { name: 'a static pod', pod: annotated({ 'kubernetes.io/config.source': 'http' }), is: ['static-pod'] },
    { name: 'a pod from the API server', pod: annotated({ 'kubernetes.io/config.source': 'api' }), is: [] },
    { name: 'a pod that is switched off', pod: annotated({ [inject]: 'false' }), is: ['opted-out'] },
    { name: 'a pod that is switched on', pod: annotated({ [inject]: 'true' }), is: [] },
    {
      name: 'a pod on the host’s network',
      pod: annotated({}, { spec: { hostNetwork: true } }),
      is: ['host-network'],
    },
    {
      name: 'a pod for Windows',
      pod: annotated({}, { spec: { os: { name: 'windows' } } }),
      is: ['windows-pod'],
    },
    {
      name: 'a pod on nodes of Windows',
      pod: annotated({}, { spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }),
      is: ['windows-pod'],
    },
    {
      name: 'a pod with all but one of them',
      pod: annotated(
        { [inject]: 'false', 'kubernetes.io/config.mirror': 'x', 'kubernetes.io/config.source': 'file' },
        {
          metadata: { labels: { 'app.kubernetes.io/part-of': 'nsm' } },
          spec: { hostNetwork: true, os: { name: 'windows' } },
        },
      ),
      context: { namespace: 'nsm-system' },
      is: rules.slice(1).map(({ reason }) => reason),
    },
  ])('gives $is for $name', ({ pod, context, is }) => {
    expect(reasons(pod, context)).toEqual(is)
  })
})
