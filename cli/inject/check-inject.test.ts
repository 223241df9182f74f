import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { fakeApi } from '#kube/fake-api.ts'
import type { JsonObject } from '#kube/shape.ts'
import { readConfig } from '#runtime/config.ts'
import { rules } from '#webhook/rules.ts'
import { patchConfig, patchSettings } from '#webhook/settings.ts'
import { folder, nsm } from './command.fixture.ts'
import { conditions, unselected } from './entries.ts'
import { explainObject } from './explain-object.ts'
import { fetchObject, namedObject } from './from-cluster.ts'
import { injectObject } from './inject-object.ts'
import { pod } from './round-trip.fixture.ts'

const changed = (from: string, to: string) => pod.replace(from, to)
const deployment = `kind: Deployment
metadata:
  name: web
  annotations:
    networkservicemesh.io: a
spec:
  template:
    spec:
      containers: []
`

describe('nsm check-inject FILE', () => {
  it.each([
    {
      story: 'an annotated pod',
      text: pod,
      says: 'pod/web in namespace default: would be injected\n',
      exit: 0,
    },
    { story: 'the entry that sends it', text: pod, says: /pods +yes/, exit: 0 },
    {
      story: 'whose annotation counts',
      text: deployment,
      says: "Asked for by the workload's annotation:\n  networkservicemesh.io: a\n",
      exit: 0,
    },
    {
      story: 'that the annotation is copied',
      text: deployment,
      says: /injected: the webhook copies the annotation[^]*workloads +yes[^]*pods +yes/,
      exit: 0,
    },
    {
      story: 'a pod of an inheriting namespace',
      text: `kind: Namespace\nmetadata: {name: lab, annotations: {networkservicemesh.io: a}}\n---\nkind: Pod\nmetadata: {name: b, namespace: lab}\nspec: {containers: []}\n`,
      says: /pod\/b in namespace lab: would be injected[^]*the namespace's[^]*inherited +yes/,
      exit: 0,
    },
    {
      story: 'a pod that asks for nothing',
      text: changed('ns.net', 'x.net'),
      says: 'not injected: no-annotation: neither the pod nor its namespace asks',
      exit: 1,
    },
    {
      story: 'the rule that decides',
      text: changed('spec:', 'spec:\n  hostNetwork: true'),
      says: /host-network +yes +the pod has hostNetwork/,
      exit: 1,
    },
    {
      story: 'every rule that holds',
      text: changed('name: web', 'name: web\n  namespace: kube-system').replace(
        'spec:',
        'spec:\n  hostNetwork: true',
      ),
      says: /not injected: ignored-namespace: [^;]*; host-network: /,
      exit: 1,
    },
    {
      story: 'a refusal',
      text: changed(': vpn', ': /'),
      says: 'pod/web in namespace default: refused: annotation ns.networkservicemesh.io, entry 1, column',
      exit: 1,
    },
    {
      story: 'a malformed switch',
      text: changed(': vpn-gateway', ': a\n    networkservicemesh.io/inject: maybe'),
      says: /expected one of true, false/,
      exit: 1,
    },
    {
      story: 'a kind that makes no pods',
      text: 'kind: Secret\nmetadata: {name: a}\n',
      says: 'secret/a in namespace default: not injected: objects of this kind make no pods',
      exit: 1,
    },
    {
      story: 'the patch',
      text: pod,
      says: /add +\/spec\/initContainers +container nsm-init, image networkservicemesh\/nsm-init:latest/,
      exit: 0,
    },
  ])('says $story', async ({ text, says, exit }) => {
    using work = folder({ 'x.yaml': text })
    const ran = await nsm('check-inject', join(work.path, 'x.yaml'))
    expect(ran.out).toEqual(
      typeof says === 'string' ? expect.stringContaining(says) : expect.stringMatching(says),
    )
    expect(ran.exit).toBe(exit)
  })

  it('prints each rule in order as JSON', async () => {
    using work = folder({ 'x.yaml': pod })
    const { out } = await nsm('check-inject', '--json', join(work.path, 'x.yaml'))
    const [explained] = (JSON.parse(out) as { objects: readonly JsonObject[] }).objects
    expect(explained).toMatchObject({
      object: 'pod/web',
      result: 'would be injected',
      services: 'vpn-gateway',
    })
    expect(
      (explained?.['rules'] as readonly { rule: string }[] | undefined)?.map(({ rule }) => rule),
    ).toEqual(rules.map(({ reason }) => reason))
  })

  it('knows a pod that is injected, and one that other settings want otherwise', async () => {
    using work = folder({ 'x.yaml': pod })
    const file = join(work.path, 'x.yaml')
    await nsm('inject', '--in-place', file)
    expect(await nsm('check-inject', file)).toMatchObject({
      exit: 0,
      out: expect.stringContaining(': injected: as these settings want it') as string,
    })
    expect((await nsm('check-inject', '--image', 'other', file)).out).toContain(
      ': injected: by other settings or another version',
    )
  })
})

describe('a target of a cluster', () => {
  it.each([
    { target: 'web', kind: 'Pod', resource: 'pods' },
    { target: 'pod/web', kind: 'Pod', resource: 'pods' },
    { target: 'deploy/web', kind: 'Deployment', resource: 'deployments' },
    { target: 'statefulsets/web', kind: 'StatefulSet', resource: 'statefulsets' },
    { target: 'cj/web', kind: 'CronJob', resource: 'cronjobs' },
  ])('$target is $kind web', ({ target, kind, resource }) => {
    expect(namedObject(target)).toMatchObject({ kind, resource, name: 'web' })
  })

  it.each(['service/web', 'web.yaml/', '../web', 'pod/Web', ''])('%s is none', target => {
    expect(() => namedObject(target)).toThrow('neither a file nor the name of a pod')
  })
})

const settings = patchSettings(readConfig(patchConfig, {}))
const { signal } = new AbortController()

const podValue: JsonObject = {
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'lab', annotations: { 'networkservicemesh.io': 'a' } },
  spec: { containers: [{ name: 'web' }] },
}

/** What is explained of the pod in a cluster in which these objects are too. */
async function explainIn(objects: Readonly<Record<string, JsonObject>>, stored = podValue) {
  const api = fakeApi()
  const all = {
    '/api/v1/namespaces': { metadata: { name: 'lab' } },
    '/api/v1/namespaces/lab/pods': stored,
    ...objects,
  }
  for (const [path, body] of Object.entries(all)) await api.call({ method: 'POST', path, body, signal })
  const fetched = await fetchObject(api, { target: namedObject('web'), namespace: 'lab' }, signal)
  return explainObject(fetched.found, {
    settings,
    namespace: 'lab',
    inheritedIn: () => ({}),
    labelsOf: () => fetched.namespace.metadata?.labels ?? {},
    origin: 'cluster',
    ...(fetched.installed === undefined ? {} : { installed: fetched.installed }),
  })
}

const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

describe('a pod of a cluster', () => {
  it('that nobody injected although all asks for it was made too early', async () => {
    const webhooks = [{ name: 'pods.networkservicemesh.io', failurePolicy: 'Ignore' }]
    const explained = await explainIn({ [configurations]: { metadata: { name: 'nsm-webhook' }, webhooks } })
    expect(explained).toMatchObject({
      result: 'not injected',
      says: expect.stringContaining('made before') as string,
    })
    expect(explained.entries).toMatchObject([
      { entry: 'pods', sends: true, installed: 'Ignore' },
      { entry: 'inherited', sends: false, installed: 'missing' },
    ])
  })

  it('of a cluster without the webhook is explained by that', async () => {
    expect(await explainIn({})).toMatchObject({
      result: 'not injected',
      says: expect.stringContaining('has no entry pods') as string,
    })
  })

  it('that is injected is injected', async () => {
    const { after } = injectObject(
      { kind: 'Pod', value: podValue, path: [] },
      { settings, namespace: 'lab', inheritedIn: () => ({}) },
    )
    expect(await explainIn({}, after)).toMatchObject({ result: 'injected', patch: [] })
  })

  it('that is not there is an error', async () => {
    const target = namedObject('pod/none')
    await expect(fetchObject(fakeApi(), { target, namespace: 'lab' }, signal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

it('the conditions are those of the manifest, under its names', () => {
  const file = 'manifests/base/webhook/mutating-webhook-configuration.yaml'
  const { webhooks } = parse(readFileSync(file, 'utf8')) as {
    readonly webhooks: readonly {
      readonly name: string
      readonly matchConditions: readonly { readonly name: string }[]
      readonly namespaceSelector: {
        readonly matchExpressions: readonly { readonly values: readonly string[] }[]
      }
    }[]
  }
  const ofPods = webhooks.filter(({ name }) => !name.startsWith('namespaces.'))
  expect(
    Object.fromEntries(
      ofPods.map(({ name, matchConditions }) => [
        name.split('.')[0],
        matchConditions.map(condition => condition.name),
      ]),
    ),
  ).toEqual(
    Object.fromEntries(Object.entries(conditions).map(([entry, named]) => [entry, Object.keys(named)])),
  )
  expect(ofPods.map(({ namespaceSelector }) => namespaceSelector.matchExpressions[0]?.values)).toEqual(
    ofPods.map(() => unselected),
  )
})
