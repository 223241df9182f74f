import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { useCluster } from './cluster.ts'
import { startControllers } from './controllers.ts'
import { kubectl } from './kubectl.ts'

const cluster = await useCluster()
const overlays = ['default', 'ha', 'test']

describe.each(overlays)('overlay %s', overlay => {
  it('applies as a whole, and again without a change', async () => {
    const folder = `manifests/overlays/${overlay}`
    await using installed = new AsyncDisposableStack()
    installed.use(startControllers(cluster))
    installed.defer(async () => {
      await kubectl(cluster, ['delete', '-k', folder, '--ignore-not-found', '--timeout=30s'])
    })
    const first = await kubectl(cluster, ['apply', '-k', folder])
    expect(first).not.toMatch(/warning|error/i)
    const before = await generations(folder)
    await kubectl(cluster, ['apply', '-k', folder])
    expect(await generations(folder)).toEqual(before)
  })

  it('labels each of its objects as a part of nsm', async () => {
    const objects = await rendered(overlay)
    expect(
      objects.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/part-of'] !== 'nsm'),
    ).toEqual([])
    expect(objects.length).toBeGreaterThan(15)
  })

  it('gives each container resources, a read-only root and no capability that it does not name', async () => {
    const objects = await rendered(overlay)
    const policies = objects
      .filter(({ kind }) => kind === 'NetworkPolicy')
      .map(({ metadata }) => metadata.name)
    expect(policies).toContain('nsm-default')
    for (const { metadata, spec } of objects.filter(object => object.spec?.template !== undefined)) {
      const pod = spec?.template?.spec
      expect(pod?.automountServiceAccountToken, metadata.name).toBe(false)
      expect(pod?.priorityClassName, metadata.name).toMatch(/^system-(node|cluster)-critical$/)
      for (const container of pod?.containers ?? []) {
        expect(container, metadata.name).toMatchObject({
          resources: { requests: { memory: expect.any(String) as string } },
          securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        })
        expect(container.image, metadata.name).toMatch(overlay === 'test' ? /:test$/ : /:latest$/)
      }
    }
  })
})

interface Rendered {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly automountServiceAccountToken?: boolean
        readonly priorityClassName?: string
        readonly containers: readonly { readonly image: string }[]
      }
    }
  }
}

async function rendered(overlay: string): Promise<readonly Rendered[]> {
  const text = await kubectl(cluster, ['kustomize', `manifests/overlays/${overlay}`])
  return parseAllDocuments(text).map(document => document.toJS() as Rendered)
}

async function generations(folder: string): Promise<unknown> {
  const columns =
    'custom-columns=KIND:.kind,NAME:.metadata.name,GENERATION:.metadata.generation,UID:.metadata.uid'
  return (await kubectl(cluster, ['get', '-k', folder, '-o', columns])).split('\n')
}
