import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { isWorkloadKind } from '#kube/workload.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import { partOfLabel } from './names.ts'

const base = join(import.meta.dirname, '..', 'manifests', 'base')

interface Selector {
  readonly matchExpressions: readonly object[]
}

interface Webhook {
  readonly name: string
  readonly namespaceSelector: Selector
  readonly objectSelector?: Selector
  readonly rules: readonly {
    readonly resources: readonly string[]
    readonly operations: readonly string[]
    readonly scope: string
  }[]
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[]
  readonly clientConfig: {
    readonly service: { readonly name: string; readonly namespace: string; readonly path: string }
  }
}

interface Service {
  readonly metadata: { readonly name: string; readonly namespace: string }
}

describe('manifests/base', () => {
  it('lists every file in the kustomization of its folder', () => {
    const missing = globSync('**/*.yaml', { cwd: base })
      .filter(file => basename(file) !== 'kustomization.yaml')
      .filter(file => !resourcesOf(dirname(file)).includes(basename(file)))
    expect(missing).toEqual([])
  })

  it('sends the webhook exactly the kinds that it patches', () => {
    const resources = webhooksOf().flatMap(({ rules }) => rules.flatMap(rule => rule.resources))
    const [pods, inherited, ...others] = resources
    expect([pods, inherited]).toEqual(['pods', 'pods'])
    expect(others.toSorted()).toEqual([
      'cronjobs',
      'daemonsets',
      'deployments',
      'jobs',
      'namespaces',
      'replicasets',
      'statefulsets',
    ])
    expect(
      ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'].every(isWorkloadKind),
    ).toBe(true)
  })

  it.each(webhooksOf())('$name looks at every annotation that asks for services', ({ matchConditions }) => {
    expect(annotationKeys.filter(key => !matchConditions[0]?.expression.includes(`'${key}'`))).toEqual([])
  })

  it.each(webhooksOf())('$name keeps away from the system and from the mesh itself', webhook => {
    const [name] = webhook.namespaceSelector.matchExpressions
    expect(name).toEqual({
      key: 'kubernetes.io/metadata.name',
      operator: 'NotIn',
      values: ['kube-system', 'kube-public', 'kube-node-lease', 'nsm-system'],
    })
    const cluster = webhook.rules.every(({ scope }) => scope === 'Cluster')
    const [part] = webhook.objectSelector?.matchExpressions ?? []
    expect(part).toEqual(cluster ? undefined : { key: partOfLabel, operator: 'NotIn', values: ['nsm'] })
  })

  it.each(webhooksOf())('$name states its policy, has no side effect and does not wait long', webhook => {
    expect(webhook).toMatchObject({
      failurePolicy: 'Fail',
      sideEffects: 'None',
      reinvocationPolicy: 'IfNeeded',
      timeoutSeconds: 5,
    })
  })

  it('gives a pod to one entry only: to the second when it asks for nothing itself', () => {
    const [own, inherited] = webhooksOf().map(({ matchConditions }) => matchConditions[0]?.expression ?? '')
    expect(own).toMatch(/^has\(object\.metadata\.annotations\) && \[/)
    expect(inherited).toMatch(/^!has\(object\.metadata\.annotations\) \|\| !\[/)
  })

  it('reaches the webhook through its Service', () => {
    const webhooks = webhooksOf()
    const { metadata }: Service = read('webhook/service.yaml')
    for (const { clientConfig } of webhooks) {
      expect(clientConfig.service).toMatchObject({
        name: metadata.name,
        namespace: metadata.namespace,
      })
      expect(['/mutate', '/mutate/inherited']).toContain(clientConfig.service.path)
    }
  })
})

function resourcesOf(folder: string): readonly string[] {
  const { resources }: Readonly<Record<string, readonly string[]>> = read(join(folder, 'kustomization.yaml'))
  return resources ?? []
}

function webhooksOf(): readonly Webhook[] {
  const { webhooks }: Readonly<Record<string, readonly Webhook[]>> = read(
    'webhook/mutating-webhook-configuration.yaml',
  )
  return webhooks ?? []
}

function read(file: string) {
  return parse(readFileSync(join(base, file), 'utf8'))
}
