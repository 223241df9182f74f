import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import type { KubeApi } from '#kube/api.ts'
import { connectApi } from '#kube/connect-api.ts'
import { isObject } from '#kube/shape.ts'
import { endpointObject } from '#registry/kubernetes/endpoint-object.ts'
import { leaseObject, managerObject } from '#registry/kubernetes/manager-object.ts'
import { kubernetesRegistry } from '#registry/kubernetes/registry.ts'
import { leasePath, resourcePath } from '#registry/kubernetes/resources.ts'
import { applyCall } from '#registry/kubernetes/writes.ts'
import { memoryRegistry } from '#registry/memory.ts'
import { endpointRecord } from '#registry/registry.contract.ts'
import { silent } from '#sdk/log.ts'
import { useCluster } from './cluster.ts'
import { installCrds } from './crds.ts'
import { kubectl } from './kubectl.ts'

const cluster = await useCluster()
const { signal } = new AbortController()
const undo = new AsyncDisposableStack()
let namespace = ''
let own = ''
let other = ''
let manager: KubeApi
let unbound: KubeApi

beforeAll(async () => {
  await installCrds(cluster)
  namespace = await cluster.newNamespace('policy')
  own = `own-${namespace}`
  other = `other-${namespace}`
  for (const file of ['', '-binding']) {
    const text = await readFile(`manifests/base/manager/validating-admission-policy${file}.yaml`, 'utf8')
    const object = parse(text.replaceAll('nsm-system', namespace)) as object
    const rename = { metadata: { name: namespace } }
    const body = JSON.stringify({ ...object, ...rename }).replace(
      '"policyName":"nsm-manager"',
      `"policyName":"${namespace}"`,
    )
    await kubectl(cluster, ['create', '-f', '-'], body)
  }
  undo.defer(async () => {
    await kubectl(cluster, [
      'delete',
      'validatingadmissionpolicy,validatingadmissionpolicybinding',
      namespace,
    ])
  })
  await post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'nsm-manager', namespace }],
  })
  await post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'nsm-manager' } })
  await post('/api/v1/nodes', { metadata: { name: own } })
  const made = await post(`/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name: 'manager' },
    spec: {
      nodeName: own,
      serviceAccountName: 'nsm-manager',
      containers: [{ name: 'manager', image: 'manager' }],
    },
  })
  const uid = isObject(made['metadata']) ? made['metadata']['uid'] : ''
  manager = await connectWith({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'manager', uid } })
  unbound = await connectWith({})
  const path = resourcePath('networkservicemanagers', { namespace, name: own })
  const object = managerObject({ namespace, url: '', since: new Date() }, { name: own, owner: undefined })
  // A policy takes effect a moment after it is made.
  await vi.waitFor(
    () => expect(unbound.call({ ...applyCall(path, object), signal })).rejects.toThrow(/its node/),
    {
      timeout: 20_000,
    },
  )
})
afterAll(() => undo.disposeAsync())

function post(path: string, body: object) {
  return cluster.api.call({ method: 'POST', path, body, signal })
}

async function connectWith(spec: object): Promise<KubeApi> {
  const review = await post(`/api/v1/namespaces/${namespace}/serviceaccounts/nsm-manager/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec,
  })
  const { token } = review['status'] as { readonly token: string }
  return undo.use(await connectApi({ server: cluster.server, ca: cluster.ca, token }))
}

it('a manager does all that it has to with a token that names its node', async () => {
  const made = async (node: string, api: KubeApi) => {
    const registry = kubernetesRegistry({
      api,
      node,
      url: 'tcp://10.0.0.1:5001',
      ownNamespace: namespace,
      cache: memoryRegistry(),
      log: silent,
      renewMs: 200,
    })
    await registry.synced(AbortSignal.timeout(20_000))
    return registry
  }
  await using registry = await made(own, manager)
  await registry.endpoints.put({ ...endpointRecord(`e-${namespace}`, 'web', { namespace }), node: own })
  {
    await using _dying = await made(other, cluster.api)
    const path = leasePath(namespace, `nsm-${other}`)
    await vi.waitFor(() => cluster.api.call({ method: 'GET', path, signal }), { timeout: 20_000 })
  }
  const path = resourcePath('networkservicemanagers', { namespace, name: other })
  await vi.waitFor(
    async () =>
      expect(await cluster.api.call({ method: 'GET', path, signal })).toMatchObject({
        status: { state: 'OFFLINE' },
      }),
    { timeout: 20_000 },
  )
})

it('it may not write as another node', async () => {
  const foreign = endpointObject({ ...endpointRecord('x', 'web', { namespace }), node: other }, 'IP')
  const record = managerObject(
    { namespace, url: 'tcp://evil:1', since: new Date() },
    { name: other, owner: undefined },
  )
  const lease = leaseObject({ namespace, seconds: 40, at: new Date() }, { name: other, owner: undefined })
  const path = resourcePath('networkserviceendpoints', { namespace })
  const theirs = { ...endpointRecord('theirs', 'web', { namespace }), node: other }
  await post(path, endpointObject(theirs, 'IP'))
  const stolen = endpointObject({ ...theirs, node: own }, 'IP')
  const writes = [
    [
      resourcePath('networkserviceendpoints', { namespace, name: 'theirs' }),
      stolen,
      'offer endpoints of its own node only',
    ],
    [
      resourcePath('networkserviceendpoints', { namespace, name: 'x' }),
      foreign,
      'offer endpoints of its own node only',
    ],
    [resourcePath('networkservicemanagers', { namespace, name: other }), record, 'write its own record only'],
    [leasePath(namespace, `nsm-${other}`), lease, 'renew its own Lease only'],
  ] as const
  for (const [at, object, says] of writes)
    await expect(manager.call({ ...applyCall(at, object), signal })).rejects.toThrow(
      `${says}, this one is on ${own}`,
    )
})
