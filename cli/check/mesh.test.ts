import { readFileSync } from 'node:fs'
import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { makeAuthority } from '#certs/authority.ts'
import type { ClusterPod } from '#cli/cluster/cluster-pod.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { NsmError } from '#sdk/errors.ts'
import { StatusReplySchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { ForeignTunnelSchema } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { socketResource } from '#webhook/names.ts'
import type { Finding } from './check.ts'
import { cniPorts } from './cni-ports.ts'
import { judgeDefinitions } from './custom-resources.ts'
import { judgeDevices } from './device-plugin.ts'
import { judgeNetworkEndpoints } from './endpoints.ts'
import { judgeIssuer } from './issuer.ts'
import { judgeLeases, judgeWithout } from './leases.ts'
import { judgePolicies } from './network-policies.ts'
import type { Definition, Node } from './objects.ts'
import { injectedPod, plainPod } from './pods.fixture.ts'
import { judgeImages, judgeManagers } from './program-versions.ts'
import { judgePrograms } from './programs.ts'
import { judgeTunnels } from './tunnels.ts'

const mesh = 'nsm-system'

/** Findings as lines. */
function lines(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ severity, object, finding }) => `${severity} ${object}: ${finding}`)
}

function node(
  name: string,
  more: { readonly cordoned?: boolean; readonly ready?: string; readonly sockets?: string } = {},
): Node {
  return {
    metadata: { name },
    spec: { unschedulable: more.cordoned ?? false },
    status: {
      conditions: [{ type: 'Ready', status: more.ready ?? 'True' }],
      allocatable: more.sockets === undefined ? {} : { [socketResource]: more.sockets },
    },
  }
}

function program(app: string, nodeName: string, more: Partial<ClusterPod> = {}): ClusterPod {
  return {
    metadata: { name: `${app}-x`, namespace: mesh, labels: { app } },
    spec: { nodeName, containers: [{ name: app, image: 'nsm:1' }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    ...more,
  }
}

describe('judgeDefinitions()', () => {
  const shipped = ['network-service', 'network-service-endpoint', 'network-service-manager'].map(
    name => parse(readFileSync(`manifests/base/crds/${name}.yaml`, 'utf8')) as Definition,
  )
  const named = (all: readonly Definition[]) => new Map(all.map(one => [one.metadata?.name ?? '', one]))

  it('has nothing against the shipped ones', () => {
    expect(judgeDefinitions(named(shipped))).toEqual([])
  })

  it.each([
    { name: 'none', change: () => undefined, finding: 'does not exist' },
    {
      name: 'one version',
      change: ({ spec, ...rest }: Definition) => ({
        ...rest,
        spec: { ...spec, versions: (spec?.versions ?? []).filter(({ name }) => name === 'v1') },
      }),
      finding: 'does not serve version v1alpha1',
    },
    {
      name: 'another schema',
      change: ({ spec, ...rest }: Definition) => ({
        ...rest,
        spec: {
          ...spec,
          versions: (spec?.versions ?? []).map(one => ({
            ...one,
            schema: { openAPIV3Schema: { properties: { spec: { properties: { url: {} } } } } },
          })),
        },
      }),
      finding: 'silently drops spec.networkservicename, spec.nsmname, spec.network_service_names',
    },
    {
      name: 'names that are taken',
      change: (one: Definition) => ({
        ...one,
        status: { conditions: [{ type: 'NamesAccepted', status: 'False', message: 'nse is taken' }] },
      }),
      finding: 'is not served: nse is taken',
    },
  ])('tells of $name', ({ change, finding }) => {
    const name = 'networkserviceendpoints.networkservicemesh.io'
    const [, endpoint] = shipped
    expect(judgeDefinitions(new Map([[name, change(endpoint ?? {})]]))).toMatchObject([
      { severity: 'error', finding: expect.stringContaining(finding) as string },
    ])
  })
})

describe('judgePrograms() and judgeDevices()', () => {
  const all = (name: string) => [program('nsm-manager', name), program('nsm-forwarder', name)]

  it('have nothing against a node that has all, and none against nodes that take no pods', () => {
    const nodes = [
      node('a', { sockets: '440' }),
      node('b', { cordoned: true }),
      node('c', { ready: 'Unknown' }),
    ]
    expect(judgePrograms(all('a'), nodes, mesh)).toEqual([])
    expect(judgeDevices(nodes, mesh)).toEqual([])
  })

  it('tell which nodes lack which, and in what state it is', () => {
    const waiting = program('nsm-forwarder', 'b', {
      status: {
        phase: 'Running',
        containerStatuses: [
          { name: 'nsm-forwarder', state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } } },
        ],
      },
    })
    const found = judgePrograms([...all('a'), waiting], [node('a'), node('b'), node('c')], mesh)
    expect(lines(found)).toEqual([
      'error Nodes b, c: nsm-manager does not run; pods that ask for network services do not start there',
      'error Node b: nsm-forwarder is CrashLoopBackOff with 0 of 1 containers ready (back-off); pods that ask for network services do not start there',
      'error Node c: nsm-forwarder does not run; pods that ask for network services do not start there',
    ])
    expect(lines(judgeDevices([node('a', { sockets: '0' }), node('b')], mesh))).toEqual([
      expect.stringContaining('error Nodes a, b: has no networkservicemesh.io/socket to give'),
    ])
  })
})

describe('judgeIssuer()', async () => {
  const { certificate } = await makeAuthority('nsm test')
  const authorities = { data: { 'ca.crt': certificate } }
  const slices = [{ endpoints: [{ conditions: { ready: true } }] }]
  const well = { slices, authorities, programs: [], namespace: mesh, now: Date.now() }
  const insecure = program('nsm-manager', 'a', {
    spec: { containers: [{ name: 'manager', env: [{ name: 'INSECURE', value: 'true' }] }] },
  })

  it.each([
    { name: 'all well', question: well, found: [] },
    { name: 'no issuer', question: { ...well, slices: [] }, found: ['leads to no issuer'] },
    { name: 'no bundle', question: { ...well, authorities: undefined }, found: ['has no authority'] },
    { name: 'expired', question: { ...well, now: Date.parse('2200-01-01') }, found: ['have expired'] },
    {
      name: 'nonsense',
      question: { ...well, authorities: { data: { 'ca.crt': certificate.replace('MII', 'XXX') } } },
      found: ['cannot be read'],
    },
    { name: 'no TLS', question: { ...well, slices: [], programs: [insecure] }, found: ['without TLS'] },
  ])('$name', ({ question, found }) => {
    expect(judgeIssuer(question).map(({ finding }) => finding)).toEqual(
      found.map(text => expect.stringContaining(text) as string),
    )
  })
})

describe('judgeLeases()', () => {
  const lease = (holder: string, renewTime: string) => ({
    metadata: { name: `nsm-${holder}`, namespace: mesh },
    spec: { holderIdentity: holder, leaseDurationSeconds: 40, renewTime },
  })
  const server = Date.parse('2026-01-01T00:10:00Z')

  it.each([
    { name: 'renewed', given: lease('a', '2026-01-01T00:09:50.123456Z'), found: [] },
    {
      name: 'expired',
      given: lease('a', '2026-01-01T00:05:00Z'),
      found: ['error Lease nsm-system/nsm-a: was last renewed 300 s ago'],
    },
    {
      name: 'of no node',
      given: lease('z', '2026-01-01T00:05:00Z'),
      found: ['note Lease nsm-system/nsm-z: was last renewed 300 s ago; its node z is not'],
    },
    { name: 'empty', given: { metadata: { name: 'x' } }, found: ['was never renewed'] },
  ])('one that is $name', ({ given, found }) => {
    const known = [node('a')]
    expect(lines(judgeLeases([given], known, { server }))).toEqual(
      found.map(text => expect.stringContaining(text) as string),
    )
  })
})

describe('judgeWithout()', () => {
  it('tells of managers that have no Lease', () => {
    const pods = [program('nsm-manager', 'a'), program('nsm-manager', 'b'), program('nsm-forwarder', 'c')]
    expect(judgeWithout([{ spec: { holderIdentity: 'a' } }], pods)).toMatchObject([
      { severity: 'error', object: 'Node b' },
    ])
  })
})

describe('judgeNetworkEndpoints()', () => {
  it('tells of those whose pod is gone, and leaves alone what no pod owns', () => {
    const of = (name: string, uid?: string) => ({
      metadata: {
        name,
        namespace: 'blue',
        ...(uid === undefined ? {} : { ownerReferences: [{ kind: 'Pod', name: `pod-${uid}`, uid }] }),
      },
    })
    const found = judgeNetworkEndpoints([of('a', '1'), of('b', '2'), of('c')], [{ metadata: { uid: '1' } }])
    expect(lines(found)).toEqual([
      'warning NetworkServiceEndpoint blue/b: its pod pod-2 is gone; clients that are sent there wait and ask again',
    ])
  })
})

describe('judgeTunnels() and judgeManagers()', () => {
  const foreign = (port: number, ...managers: readonly ReturnType<typeof manager>[]) => {
    for (const { status } of managers)
      for (const details of status.forwarderDetails)
        details.foreignTunnels.push(create(ForeignTunnelSchema, { interface: 'vx0', udpPort: port }))
    return managers
  }
  const manager = (name: string, port?: string, version = '1') => ({
    node: name,
    status: create(StatusReplySchema, {
      node: name,
      version,
      forwarders: ['kernel'],
      forwarderDetails: [
        {
          name: 'kernel',
          remoteMechanisms: port === undefined ? [] : [{ type: 'VXLAN', parameters: { dst_port: port } }],
        },
      ],
    }),
  })
  const silent = { node: 's', error: new NsmError('DENIED', 'pods/exec is forbidden') }
  const idle = { node: 'i', status: create(StatusReplySchema, { node: 'i', version: '1' }) }

  it.each([
    { name: 'all well', given: [manager('a', '14789'), manager('b', '14789')], cni: [], found: [] },
    { name: 'one node without tunnels', given: [manager('a')], cni: [], found: [] },
    { name: 'no VXLAN', given: [manager('a'), manager('b', '1')], cni: [], found: ['Node a: has no VXLAN'] },
    { name: 'several ports', given: [manager('a', '1'), manager('b', '2')], cni: [], found: ['(1, 2)'] },
    { name: 'no forwarder', given: [idle], cni: [], found: ['Node i: no forwarder is registered'] },
    {
      name: 'no answer',
      given: [silent],
      cni: [],
      found: ['warning Node s: the manager could not be asked: pods/exec'],
    },
    {
      name: 'the port of the network plug-in',
      given: [manager('a', '8472')],
      cni: [{ plugin: 'flannel', port: 8472, object: 'ConfigMap x' }],
      found: ['error ConfigMap x: flannel receives VXLAN at UDP port 8472'],
    },
    {
      name: 'devices of others at other ports',
      given: foreign(8472, manager('a', '14789'), manager('b', '14789')),
      cni: [],
      found: [],
    },
    {
      name: 'devices of others at the port of the mesh',
      given: [...foreign(14_789, manager('a', '14789'), manager('b', '14789')), manager('c', '14789')],
      cni: [],
      found: ['error Nodes a, b: has VXLAN device vx0 at UDP port 14789, that of the mesh'],
    },
  ])('$name', ({ given, cni, found }) => {
    expect(lines(judgeTunnels(given, cni))).toEqual(
      found.map(text => expect.stringContaining(text) as string),
    )
  })

  it('tell of managers of several versions, and of programs from several images', () => {
    expect(lines(judgeManagers([manager('a', '1'), manager('b', '1', '2'), silent]))).toEqual([
      'warning Node a: the manager is of version 1, others are not',
      'warning Node b: the manager is of version 2, others are not',
    ])
    const old = program('m', 'a', { spec: { containers: [{ name: 'm', image: 'nsm:0' }] } })
    expect(lines(judgeImages([program('m', 'a'), old, program('f', 'a')], mesh))).toEqual([
      'warning Pods nsm-system/*: program m runs from 2 images: nsm:1, nsm:0',
    ])
  })
})

describe('cniPorts()', () => {
  it.each([
    {
      name: 'flannel',
      namespace: 'kube-flannel',
      map: 'kube-flannel-cfg',
      data: { 'net-conf.json': '{"Backend": {"Type": "vxlan"}}' },
      port: 8472,
    },
    {
      name: 'flannel with a port',
      namespace: 'kube-flannel',
      map: 'kube-flannel-cfg',
      data: { 'net-conf.json': '{"Backend":{"Type":"vxlan","Port":14789}}' },
      port: 14_789,
    },
    {
      name: 'flannel without tunnels',
      namespace: 'kube-flannel',
      map: 'kube-flannel-cfg',
      data: { 'net-conf.json': '{"Backend":{"Type":"host-gw"}}' },
    },
    { name: 'Cilium', namespace: 'kube-system', map: 'cilium-config', data: {}, port: 8472 },
    {
      name: 'Cilium without tunnels',
      namespace: 'kube-system',
      map: 'cilium-config',
      data: { 'routing-mode': 'native' },
    },
  ])('reads that of $name', async ({ namespace, map, data, port }) => {
    const api = fakeApi()
    const { signal } = new AbortController()
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    await api.call({ method: 'POST', path, body: { metadata: { name: map }, data }, signal })
    const get = (at: string) => api.call({ method: 'GET', path: at, signal }).catch(() => undefined)
    expect((await cniPorts(get)).map(found => found.port)).toEqual(port === undefined ? [] : [port])
  })
})

describe('judgePolicies()', () => {
  it('tells where injected pods and policies meet', () => {
    const policy = (namespace: string) => ({ metadata: { name: 'deny', namespace } })
    const pods = [injectedPod({ namespace: 'blue' }), plainPod({ namespace: 'red' })]
    expect(judgePolicies([policy('blue'), policy('blue'), policy('red')], pods)).toMatchObject([
      { severity: 'note', object: 'Pods blue/*' },
    ])
  })
})
