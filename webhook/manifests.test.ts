import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { isWorkloadKind } from '#kube/workload.ts'
import { annotationKeys } from '#sdk/service-ref.ts'

const base = join(import.meta.dirname, '..', 'manifests', 'base')

interface Webhook {
  readonly rules: readonly { readonly resources: readonly string[]; readonly operations: readonly string[] }[]
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

  it('sends the webhook exactly the kinds that it patches, and only what asks for services', () => {
    const webhooks = webhooksOf()
    const resources = webhooks.flatMap(({ rules }) => rules.flatMap(rule => rule.resources))
    expect(resources).toEqual([
      'pods',
      'deployments',
      'statefulsets',
      'daemonsets',
      'replicasets',
      'jobs',
      'cronjobs',
    ])
    expect(
      ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'].every(isWorkloadKind),
    ).toBe(true)
    for (const { matchConditions } of webhooks) {
      expect(annotationKeys.filter(key => !matchConditions[0]?.expression.includes(`'${key}'`))).toEqual([])
    }
  })

  it('reaches the webhook through its Service', () => {
    const webhooks = webhooksOf()
    const { metadata }: Service = read('webhook/service.yaml')
    for (const { clientConfig } of webhooks) {
      expect(clientConfig.service).toMatchObject({
        name: metadata.name,
        namespace: metadata.namespace,
        path: '/mutate',
      })
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
