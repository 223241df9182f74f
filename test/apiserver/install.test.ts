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
    await nsm(cluster, ['install', '--wait', '0'])
    expect(
      await kubectl(cluster, ['get', 'deployment', '-n', 'nsm-system', 'nsm-webhook', '-o', 'yaml']),
    ).not.toContain('podAntiAffinity')
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
