import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { kustomized } from '#cli/install/kustomize.ts'
import { useCluster } from './cluster.ts'
import { startControllers } from './controllers.ts'
import { removeMesh } from './crds.ts'
import { kubectl } from './kubectl.ts'
import { nsm } from './nsm.ts'

const cluster = await useCluster()
const { api } = cluster
const { signal } = new AbortController()
const controllers = startControllers(cluster)

beforeAll(() => removeMesh(cluster))

afterAll(async () => {
  await kubectl(cluster, [
    'delete',
    '-k',
    'manifests/overlays/default',
    '--ignore-not-found',
    '--timeout=30s',
  ])
  await controllers[Symbol.asyncDispose]()
})

describe('the overlays are rendered as kubectl does it', () => {
  it.each(['default', 'ha', 'test'])('%s', async overlay => {
    const text = await kubectl(cluster, ['kustomize', `manifests/overlays/${overlay}`])
    const theirs = parseAllDocuments(text, { version: '1.1' }).map(document => document.toJS() as unknown)
    const ours = await kustomized(`manifests/overlays/${overlay}`)
    expect(sorted(ours)).toEqual(sorted(theirs))
  })
})

describe('nsm install', () => {
  it('tells what it would do, and does nothing', async () => {
    const { stderr } = await nsm(cluster, ['install', '--dry-run'])
    expect(stderr).toMatch(/^namespace\/nsm-system created$/m)
    expect(await kubectl(cluster, ['get', 'namespaces', '-o', 'name'])).not.toContain('nsm-system')
  })

  it('prints manifests that kubectl takes', async () => {
    const { stdout } = await nsm(cluster, ['install', '--print', '--image-tag', 'v9'])
    expect(stdout).toContain('image: networkservicemesh/nsm-manager:v9')
    const applied = await kubectl(cluster, ['apply', '--dry-run=client', '-f', '-'], stdout)
    expect(applied).toContain('daemonset.apps/nsm-manager created')
  })

  it('refuses to install over the definitions of another mesh, with words', async () => {
    await kubectl(cluster, ['apply', '-f', '-'], foreignDefinition)
    await using undo = new AsyncDisposableStack()
    undo.defer(async () => {
      await kubectl(cluster, ['delete', 'crd', 'networkservices.networkservicemesh.io'])
    })
    await expect(nsm(cluster, ['install'])).rejects.toMatchObject({
      code: 75,
      stderr: expect.stringMatching(
        /another Network Service Mesh is in this cluster: customresourcedefinition\/networkservices\.networkservicemesh\.io \(versions v1alpha1\) has another schema.*uninstall it first.*\[CONFLICT\]/,
      ) as string,
    })
    expect(await kubectl(cluster, ['get', 'namespaces', '-o', 'name'])).not.toContain('nsm-system')
  })

  it('lets no API server ask a webhook that does not start, and says why it does not', async () => {
    await expect(nsm(cluster, ['install', '--wait', '3s'])).rejects.toMatchObject({
      code: 75,
      stderr: expect.stringMatching(
        /deployment\/nsm-webhook is not ready in time: no pod of it serves; pod nsm-webhook-/,
      ) as string,
    })
    expect(await kubectl(cluster, ['get', 'mutatingwebhookconfigurations', '-o', 'name'])).not.toContain(
      'nsm-webhook',
    )
    await nsm(cluster, ['uninstall', '--crds'])
  })

  it('installs all, the webhook configuration last, and changes nothing when it is called again', async () => {
    const first = await nsm(cluster, ['install', '--wait', '0'])
    const lines = first.stderr.trim().split('\n')
    expect(lines.at(-1)).toBe('mutatingwebhookconfiguration/nsm-webhook created')
    expect(lines[0]).toMatch(/^customresourcedefinition\/.* created$/)
    const { stdout } = await nsm(cluster, ['install', '--wait', '0', '--json'])
    const { objects } = JSON.parse(stdout) as { objects: readonly { state: string }[] }
    expect(objects.filter(({ state }) => state !== 'unchanged')).toEqual([])
    expect(objects).toHaveLength(lines.length)
  })

  it('makes another overlay of it, and the first one again', async () => {
    const { stderr } = await nsm(cluster, ['install', '--wait', '0', '--overlay', 'ha'])
    expect(stderr).toMatch(/^deployment\/nsm-webhook configured$/m)
    expect(stderr).toMatch(/^clusterrole\/nsm-webhook unchanged$/m)
    expect(
      await kubectl(cluster, ['get', 'deployment', '-n', 'nsm-system', 'nsm-webhook', '-o', 'yaml']),
    ).toMatch(/replicas: 3[^]*podAntiAffinity/)
    await nsm(cluster, ['install', '--wait', '0', '--no-prune'])
    expect(
      await kubectl(cluster, ['get', 'deployment', '-n', 'nsm-system', 'nsm-webhook', '-o', 'yaml']),
    ).not.toContain('podAntiAffinity')
    expect(await own('pdb')).toContain('nsm-issuer')
    const back = await nsm(cluster, ['install', '--wait', '0'])
    expect(back.stderr).toMatch(/^poddisruptionbudget\/nsm-issuer deleted it is not in this version$/m)
    expect(await own('pdb')).not.toContain('nsm-issuer')
  })

  it('deletes what an earlier version has installed, and nothing of anybody else', async () => {
    const rendered = await nsm(cluster, ['install', '--print'])
    const earlier = `${rendered.stdout}---\n${ofAnEarlierVersion}`
    await nsm(cluster, ['install', '--wait', '0', '-f', await fileOf('earlier.yaml', earlier)])
    await kubectl(cluster, ['apply', '--server-side', '-f', '-'], ofSomebodyElse)
    const dry = await nsm(cluster, ['install', '--dry-run'])
    const { stderr } = await nsm(cluster, ['install', '--wait', '0'])
    const deleted = (text: string) => text.split('\n').filter(line => line.includes(' deleted'))
    expect(deleted(stderr)).toEqual([
      'validatingwebhookconfiguration/nsm-old deleted it is not in this version',
      'daemonset/nsm-old deleted it is not in this version',
      'clusterrole/nsm-old deleted it is not in this version',
    ])
    expect(deleted(dry.stderr)).toEqual(deleted(stderr))
    const kinds = 'validatingwebhookconfiguration,daemonset,clusterrole,secret,configmap'
    const names = (await own(kinds)).trim().split('\n')
    expect(names).toEqual(
      expect.arrayContaining([
        'secret/nsm-issuer-ca',
        'secret/nsm-old',
        'configmap/nsm-authorities',
        'daemonset.apps/nsm-helper',
        'clusterrole.rbac.authorization.k8s.io/nsm-helper',
      ]),
    )
    expect(names.filter(name => /nsm-old/.test(name))).toEqual(['secret/nsm-old'])
    // Whoever has made something under a label of ours is not in the way of the next installation either.
    expect(deleted((await nsm(cluster, ['install', '--wait', '0'])).stderr)).toEqual([])
    await kubectl(cluster, ['delete', '-f', '-'], ofSomebodyElse)
  })

  it('ends what an uninstallation that did not end has left running on the nodes', async () => {
    await kubectl(cluster, ['apply', '--server-side', '--field-manager=nsm', '-f', '-'], leaver)
    const { stderr } = await nsm(cluster, ['install', '--wait', '0'])
    expect(stderr).toMatch(/^daemonset\/nsm-leave deleted it is of an uninstallation that did not end$/m)
    expect(await own('daemonset')).not.toContain('nsm-leave')
  })

  it('leaves the authorities that the webhook has published', async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/nsm-webhook'
    const caBundle = Buffer.from('a bundle').toString('base64')
    const body = [0, 1, 2, 3].map(index => ({
      op: 'add',
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value: caBundle,
    }))
    const contentType = 'application/json-patch+json'
    await api.call({ method: 'PATCH', path, contentType, body, signal }).catch((thrown: unknown) => {
      // An API server of this version checks that it is PEM.
      expect(String(thrown)).toMatch(/unable to load root certificates/)
    })
    const trusted = async () => (await api.call({ method: 'GET', path, signal }))['webhooks']
    const before = await trusted()
    await nsm(cluster, ['install', '--wait', '0'])
    expect(await trusted()).toEqual(before)
  })

  it('says which rights are missing before it changes anything', async () => {
    const token = await kubectl(cluster, ['create', 'token', 'nsm-forwarder', '-n', 'nsm-system'])
    await expect(nsm(cluster, ['install', '--wait', '0'], { token: token.trim() })).rejects.toMatchObject({
      code: 77,
      stderr: expect.stringMatching(
        /you may not .*create and patch daemonsets\.apps in nsm-system.*\[DENIED\]/,
      ) as string,
    })
  })
})

function own(kinds: string): Promise<string> {
  return kubectl(cluster, ['get', kinds, '-A', '-l', 'app.kubernetes.io/part-of=nsm', '-o', 'name'])
}

async function fileOf(name: string, text: string): Promise<string> {
  const file = join(cluster.folder, name)
  await writeFile(file, text)
  return file
}

function daemonSet(name: string): string {
  return `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ${name}, namespace: nsm-system, labels: {app.kubernetes.io/part-of: nsm}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: it, image: alpine}]}
`
}

function clusterRole(name: string): string {
  return `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ${name}, labels: {app.kubernetes.io/part-of: nsm}}
rules: []
`
}

const leaver = daemonSet('nsm-leave')

const ofAnEarlierVersion = `${clusterRole('nsm-old')}---${daemonSet('nsm-old')}---
apiVersion: v1
kind: Secret
metadata: {name: nsm-old, namespace: nsm-system, labels: {app.kubernetes.io/part-of: nsm}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: nsm-old, labels: {app.kubernetes.io/part-of: nsm}}
`

const ofSomebodyElse = `${clusterRole('nsm-helper')}---${daemonSet('nsm-helper')}`

const foreignDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: networkservices.networkservicemesh.io}
spec:
  group: networkservicemesh.io
  scope: Namespaced
  names: {plural: networkservices, singular: networkservice, kind: NetworkService}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

function sorted(objects: readonly unknown[]): readonly unknown[] {
  const nameOf = (object: unknown) => {
    const { kind, metadata } = object as { kind: string; metadata: { name: string } }
    return `${kind}/${metadata.name}`
  }
  return objects.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
}
