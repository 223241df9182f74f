import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kustomized } from '#cli/install/kustomize.ts'
import { at, listAt, type Manifest, textAt } from '#cli/install/object.ts'
import type { JsonObject } from '#kube/shape.ts'

describe.each(['default', 'ha', 'test'])('overlay %s', async overlay => {
  const objects = await kustomized(`manifests/overlays/${overlay}`)
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet')
  const find = (kind: string, name: string) =>
    objects.find(object => object.kind === kind && object.metadata.name === name)

  it('has probes in each container, and keeps what nodes and pods cannot do without', () => {
    expect(workloads.map(({ metadata }) => metadata.name).toSorted()).toEqual([
      'nsm-forwarder',
      'nsm-issuer',
      'nsm-manager',
      'nsm-webhook',
    ])
    for (const workload of workloads) {
      for (const container of containersOf(workload))
        expect(container, workload.metadata.name).toMatchObject({
          readinessProbe: expect.any(Object) as object,
          livenessProbe: expect.any(Object) as object,
        })
      if (workload.kind === 'DaemonSet')
        expect(podOf(workload), workload.metadata.name).toMatchObject({
          priorityClassName: 'system-node-critical',
          tolerations: [{ operator: 'Exists' }],
        })
    }
  })

  it('has several webhooks that are spread, of which a drain leaves one', () => {
    const webhook = find('Deployment', 'nsm-webhook')
    const replicas = Number(at(webhook, 'spec', 'replicas'))
    const left = Number(at(find('PodDisruptionBudget', 'nsm-webhook'), 'spec', 'minAvailable'))
    expect({ replicas, left }).toEqual(overlay === 'ha' ? { replicas: 3, left: 2 } : { replicas: 2, left: 1 })
    expect(listAt(webhook, 'spec', 'template', 'spec', 'topologySpreadConstraints')).toContainEqual(
      expect.objectContaining({ topologyKey: 'kubernetes.io/hostname' }),
    )
  })

  it('has a network policy for each pod that has a network of its own', () => {
    const selected = objects
      .filter(({ kind }) => kind === 'NetworkPolicy')
      .map(policy => textAt(policy, 'spec', 'podSelector', 'matchLabels', 'app'))
    for (const workload of workloads)
      if (at(podOf(workload), 'hostNetwork') !== true) expect(selected).toContain(workload.metadata.name)
  })

  it.each([
    { program: 'webhook', kind: 'Deployment', exceptions: [] },
    { program: 'issuer', kind: 'Deployment', exceptions: [] },
    { program: 'manager', kind: 'DaemonSet', exceptions: ['hostPID', 'hostPath', 'uid 0'] },
    {
      program: 'forwarder',
      kind: 'DaemonSet',
      exceptions: [
        'NET_ADMIN',
        'NET_BROADCAST',
        'SYS_ADMIN',
        'SYS_PTRACE',
        'hostNetwork',
        'hostPID',
        'hostPath',
        'uid 0',
      ],
    },
  ])(
    'takes of what restricted refuses for $program just $exceptions, and says why',
    ({ program, kind, exceptions }) => {
      const workload = find(kind, `nsm-${program}`)
      expect(exceptionsOf(workload)).toEqual(exceptions)
      const file = kind === 'Deployment' ? 'deployment' : 'daemon-set'
      const text = readFileSync(`manifests/base/${program}/${file}.yaml`, 'utf8')
      const reasons = text.slice(0, text.indexOf('apiVersion:'))
      for (const exception of exceptions) expect(reasons).toContain(exception)
    },
  )
})

function podOf(workload: Manifest | undefined): unknown {
  return at(workload, 'spec', 'template', 'spec')
}

function containersOf(workload: Manifest | undefined): readonly JsonObject[] {
  return listAt(podOf(workload), 'containers')
}

/** What the Pod Security Standard `restricted` (and for capabilities, anybody) would ask about. */
function exceptionsOf(workload: Manifest | undefined): readonly string[] {
  const pod = podOf(workload)
  const containers = containersOf(workload)
  const asRoot = (context: unknown) => at(context, 'runAsUser') === 0
  const found = [
    ...['hostPID', 'hostNetwork', 'hostIPC'].filter(key => at(pod, key) === true),
    ...(listAt(pod, 'volumes').some(volume => volume['hostPath'] !== undefined) ? ['hostPath'] : []),
    ...(asRoot(at(pod, 'securityContext')) || containers.some(one => asRoot(one['securityContext']))
      ? ['uid 0']
      : []),
    ...containers.flatMap(one => {
      const added = at(one, 'securityContext', 'capabilities', 'add')
      return [
        ...(Array.isArray(added) ? added.map(String) : []),
        ...(at(one, 'securityContext', 'privileged') === true ? ['privileged'] : []),
      ]
    }),
  ]
  return [...new Set(found)].toSorted()
}
