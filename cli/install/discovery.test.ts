import { expect, it } from 'vitest'
import { KubeApiError } from '#kube/api.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { newDiscovery } from './discovery.ts'
import type { Manifest } from './object.ts'
import { uninstall } from './uninstall.ts'

const { signal } = new AbortController()
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', namespace: 'b' } }
const configuration: Manifest = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'nsm-webhook' },
}

/** An API server that answers so often that it is away, then with deployments. */
function server(failures: number) {
  const asked: string[] = []
  let left = failures
  const call = async ({ method, path }: { readonly method: string; readonly path: string }) => {
    asked.push(`${method} ${path}`)
    left -= 1
    if (left >= 0) throw new KubeApiError({ status: 429, reason: 'TooManyRequests' }, 'ask again')
    return { resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true }] }
  }
  return { asked, api: { call } }
}

it('newDiscovery() asks once for each group, and again where it got no answer', async () => {
  const { asked, api } = server(1)
  const discovery = newDiscovery(api, signal)
  await expect(discovery(deployment)).rejects.toMatchObject({ code: 'API_UNAVAILABLE' })
  expect(await discovery(deployment)).toMatchObject({ resource: 'deployments', scope: 'namespace' })
  await discovery(deployment)
  expect(asked).toEqual(['GET /apis/apps/v1', 'GET /apis/apps/v1'])
})

it('uninstall() does not take an API server that is away for a cluster without such objects', async () => {
  const { api } = server(Number.POSITIVE_INFINITY)
  const discovery = newDiscovery(api, signal)
  const steps = uninstall({
    target: {
      api: { ...api, watch: options => fakeApi().watch(options) },
      discovery,
      signal,
      mode: 'change',
    },
    objects: [configuration],
    users: 'lose',
    nodes: 'clean',
    definitions: 'keep',
  })
  await expect(Array.fromAsync(steps)).rejects.toMatchObject({ code: 'API_UNAVAILABLE' })
})
