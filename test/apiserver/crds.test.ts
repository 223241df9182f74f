import { globSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { useCluster } from './cluster.ts'
import { installCrds } from './crds.ts'
import { kubectl } from './kubectl.ts'

const cluster = await useCluster()
const { signal } = new AbortController()

beforeAll(() => installCrds(cluster))

interface Crd {
  readonly spec: { readonly versions: readonly { readonly name: string; readonly schema: object }[] }
}

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec?: unknown
  readonly status?: unknown
}

/** Applies YAML with kubectl; what `kubectl get` gives back in a version. */
async function roundTrip(text: string, version: string): Promise<Manifest> {
  const namespace = await cluster.newNamespace('crds')
  await kubectl(cluster, ['apply', '-n', namespace, '-f', '-'], text)
  const { kind, metadata } = parse(text) as Manifest
  const type = `${kind.toLowerCase()}s.${version}.networkservicemesh.io`
  return JSON.parse(await kubectl(cluster, ['get', '-n', namespace, '-o', 'json', type, metadata.name]))
}

/** `kubectl apply` does not send keys without a value. */
function withoutNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, part) => part ?? undefined)
}

/** Objects as they were published, each in the words of its time. */
const published = {
  'the service of the p2p article (v1alpha1, empty keys)': `
apiVersion: networkservicemesh.io/v1alpha1
kind: NetworkService
metadata: {name: p2p}
spec:
  matches:
  - match:
    sourceSelector:
      link: net-0
    route:
    - destination:
      destinationSelector:
        device: device-2
  payload: IP
`,
  'the endpoint of the p2p article (v1alpha1)': `
apiVersion: networkservicemesh.io/v1alpha1
kind: NetworkServiceEndpoint
metadata:
  generateName: p2p
  labels: {device: device-2, networkservicename: p2p}
  name: p2ppdp2d
spec:
  networkservicename: p2p
  nsmname: nsm-control-plane
  payload: IP
status:
  state: RUNNING
`,
  'the slide of the intranet (v1 with the keys of v1alpha1)': `
apiVersion: networkservicemesh.io/v1
kind: NetworkService
metadata: {name: secure-intranet-connectivity}
spec:
  payload: IP
  matches:
  - match:
    sourceSelector: {app: firewall}
    route:
      - destination:
        destinationSelector: {app: vpn-gateway}
  - match:
    route:
      - destination:
        destinationSelector: {app: firewall}
`,
  'a service of v1': `
apiVersion: networkservicemesh.io/v1
kind: NetworkService
metadata: {name: nse-composition}
spec:
  name: nse-composition
  payload: ETHERNET
  path_ids: [a]
  matches:
    - source_selector: {app: firewall}
      routes:
        - destination_selector: {app: gateway, nodeName: '{{.nodeName}}'}
          weight: 3
    - fallthrough: true
      metadata: {labels: {nodeName: '{{.nodeName}}'}}
      routes:
        - destination_selector: {}
`,
  'an endpoint of v1': `
apiVersion: networkservicemesh.io/v1
kind: NetworkServiceEndpoint
metadata: {name: nse-kernel-1-x7}
spec:
  name: nse-kernel-1-x7
  network_service_names: [icmp, vpn]
  network_service_labels: {icmp: {labels: {app: nse}}, vpn: {}}
  url: tcp://10.244.1.6:5001
  expiration_time: {seconds: 1700000000, nanos: 12}
  initial_registration_time: {seconds: 1690000000, nanos: 0}
  path_ids: [a, b]
`,
  'a manager of v0': `
apiVersion: networkservicemesh.io/v1alpha1
kind: NetworkServiceManager
metadata: {name: node-1}
spec:
  url: tcp://10.0.0.1:5001
  expirationtime: '2019-05-01T10:00:00Z'
status:
  state: RUNNING
`,
  'a manager without a time': `
apiVersion: networkservicemesh.io/v1alpha1
kind: NetworkServiceManager
metadata: {name: node-1}
spec: {url: 'tcp://10.0.0.1:5001', expirationtime: null}
status: {state: OFFLINE}
`,
}

describe('custom resources', () => {
  describe.each(['v1alpha1', 'v1'])('read as %s', version => {
    it.each(Object.entries(published))('%s comes back as it was written', async (_story, text) => {
      const written = parse(text) as Manifest
      const { spec, status, metadata } = await roundTrip(text, version)
      expect({ spec, status, metadata }).toEqual({
        spec: withoutNulls(written.spec),
        status: written.status,
        metadata: expect.objectContaining(written.metadata),
      })
    })
  })

  it.each(Object.entries(published))('%s keeps its empty keys when it is created', async (_story, text) => {
    const body = parse(text) as Manifest
    const namespace = await cluster.newNamespace('crds')
    const path = `/apis/${body.apiVersion}/namespaces/${namespace}/${body.kind.toLowerCase()}s?fieldValidation=Strict`
    const { spec, status } = await cluster.api.call({ method: 'POST', path, body, signal })
    expect({ spec, status }).toEqual({ spec: body.spec, status: body.status })
  })

  it.each(globSync('manifests/base/crds/network-*.yaml'))('%s has one schema in both versions', file => {
    const { versions } = (parse(readFileSync(file, 'utf8')) as Crd).spec
    expect(versions.map(({ name }) => name)).toEqual(['v1', 'v1alpha1'])
    expect(versions[0]?.schema).toEqual(versions[1]?.schema)
  })

  it('every NetworkService of the examples is taken, and nothing of it is dropped', async () => {
    const services = globSync('manifests/examples/**/*.yaml')
      .flatMap(file => parseAllDocuments(readFileSync(file, 'utf8')))
      .map(document => document.toJS() as Manifest)
      .filter(({ kind }) => kind === 'NetworkService')
    expect(services.length).toBeGreaterThan(5)
    const namespace = await cluster.newNamespace('examples')
    for (const body of services) {
      const path = `/apis/${body.apiVersion}/namespaces/${namespace}/networkservices?fieldValidation=Strict`
      expect((await cluster.api.call({ method: 'POST', path, body, signal }))['spec']).toEqual(body.spec)
    }
  })

  const service = (spec: object, name = 'web') => ({ kind: 'NetworkService', name, spec })
  it.each([
    [
      'a payload that no link has',
      service({ payload: 'PIGEON' }),
      'spec.payload: Unsupported value: "PIGEON": supported values: "", "IP", "ETHERNET"',
    ],
    ['another name', service({ name: 'other' }), 'spec.name must be metadata.name, or absent'],
    [
      'a label that is a number',
      service({ matches: [{ sourceSelector: { a: 1 } }] }),
      'must be of type string',
    ],
    [
      'both spellings of a selector',
      service({ matches: [{ sourceSelector: {}, source_selector: {} }] }),
      'not both',
    ],
    [
      'both spellings of routes',
      service({ matches: [{ route: [], routes: [] }] }),
      'give route or routes, not both',
    ],
    [
      'a weight below zero',
      service({ matches: [{ routes: [{ weight: -1 }] }] }),
      'greater than or equal to 0',
    ],
    [
      'a misspelt key',
      service({ matches: [{ sourceSelektor: {} }] }),
      'unknown field "spec.matches[0].sourceSelektor"',
    ],
    [
      'an endpoint of nothing',
      { kind: 'NetworkServiceEndpoint', name: 'e', spec: { nsmname: 'n' } },
      'an endpoint offers a network service',
    ],
    [
      'a state that none is',
      { kind: 'NetworkServiceManager', name: 'n', spec: {}, status: { state: 'HAPPY' } },
      'status.state: Unsupported value: "HAPPY"',
    ],
  ])('%s is refused and said so', async (_story, { name, ...object }, says) => {
    const namespace = await cluster.newNamespace('crds')
    const body = { apiVersion: 'networkservicemesh.io/v1', metadata: { name }, ...object }
    await expect(
      kubectl(cluster, ['create', '-n', namespace, '-f', '-'], JSON.stringify(body)),
    ).rejects.toThrow(says)
  })

  it('kubectl get shows what matters, by the short names', async () => {
    const namespace = await cluster.newNamespace('get')
    const text = Object.values(published).slice(0, 2).join('---')
    await kubectl(cluster, ['apply', '-n', namespace, '-f', '-'], text)
    await kubectl(cluster, ['apply', '-n', namespace, '-f', '-'], published['a manager of v0'])
    const get = async (type: string) => (await kubectl(cluster, ['get', '-n', namespace, type])).split(/\s+/)
    expect(await get('netsvc')).toEqual(expect.arrayContaining(['PAYLOAD', 'AGE', 'p2p', 'IP']))
    expect(await get('nses')).toEqual(
      expect.arrayContaining([
        'SERVICE',
        'MANAGER',
        'POD',
        'STATE',
        'p2ppdp2d',
        'nsm-control-plane',
        'RUNNING',
      ]),
    )
    expect(await get('nsm')).toEqual(
      expect.arrayContaining(['URL', 'STATE', 'tcp://10.0.0.1:5001', 'RUNNING']),
    )
  })
})
