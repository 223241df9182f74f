import { beforeAll, describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()
const [here = '', there = here] = cluster.nodes

beforeAll(() => cluster.install())

const sidecar = (namespace: string, spec = '') => `
apiVersion: v1
kind: Pod
metadata: {name: gateway, namespace: ${namespace}, labels: {app: gateway}}
spec:
  ${spec}
  terminationGracePeriodSeconds: 1
  containers:
    - name: nse
      image: networkservicemesh/sidecar-nse:latest
      env:
        - {name: ENDPOINT_NETWORK_SERVICE, value: vpn}
        - {name: IP_ADDRESS, value: 10.77.0.0/24}
      resources: {limits: {networkservicemesh.io/socket: "1"}}
    - {name: shell, image: busybox, command: [sleep, infinity]}
`

const client = (namespace: string, spec = '') => `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: ${namespace}, annotations: {ns.networkservicemesh.io: vpn}}
spec:
  ${spec}
  terminationGracePeriodSeconds: 1
  containers:
    - {name: shell, image: busybox, command: [sleep, infinity]}
`

const on = (node: string) => `nodeName: ${node}`

async function ready(namespace: string, pod: string): Promise<void> {
  await cluster.waitFor(
    async () =>
      (await cluster.kubectl(
        `-n ${namespace} get pod ${pod} -o jsonpath={.status.conditions[?(@.type=="Ready")].status}`,
      )) === 'True',
    { what: `pod ${pod} is Ready`, within: 120_000 },
  )
}

/** A client on one node that is connected to a gateway on the other. */
async function connected(): Promise<string> {
  const namespace = await cluster.newNamespace('manager')
  await cluster.apply(sidecar(namespace, on(there)), namespace)
  await cluster.apply(client(namespace, on(here)), namespace)
  await ready(namespace, 'gateway')
  await ready(namespace, 'client')
  return namespace
}

/** The interfaces of ours that a pod has. */
async function linksOf(namespace: string, pod: string): Promise<readonly string[]> {
  const said = await cluster.kubectl(`-n ${namespace} exec ${pod} -c shell -- ls /sys/class/net`)
  return said.split(/\s+/).filter(name => name !== '' && !['lo', 'eth0'].includes(name))
}

async function ping(namespace: string, count: number): Promise<string> {
  const route = await cluster.kubectl(`-n ${namespace} exec client -c shell -- ip -4 -o addr show nsm0`)
  const own = /inet ([0-9.]+)/.exec(route)?.[1] ?? ''
  const other = own.replace(/\d+$/, last => String(Number(last) + 1))
  return await cluster.kubectl(
    `-n ${namespace} exec client -c shell -- ping -i 0.1 -c ${count} -W 5 ${other}`,
  )
}

async function reasons(namespace: string, pod: string): Promise<readonly string[]> {
  const said = await cluster.kubectl(
    `-n ${namespace} get events --field-selector involvedObject.name=${pod} -o jsonpath={.items[*].reason}`,
  )
  return said.split(' ')
}

/** Where the managers serve each other, by node. */
async function urls(): Promise<Readonly<Record<string, string>>> {
  const said = await cluster.kubectl('-n nsm-system get nsm -o json')
  const { items } = JSON.parse(said) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string }
      readonly spec: { readonly url: string }
    }[]
  }
  return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec.url]))
}

/** The workspaces of a node, whose names begin with that of their device. */
async function workspaces(node: string): Promise<number> {
  const said = await cluster.onNode(node, ['ls', '/var/lib/networkservicemesh'])
  return said.split('\n').filter(name => /^nsm-\d+/.test(name)).length
}

describe('the manager of a node', () => {
  it('runs as uid 0 without a capability, on a read-only root', async () => {
    const status = await cluster.kubectl(
      '-n nsm-system exec ds/nsm-manager -c manager -- node -p fs.readFileSync("/proc/self/status","utf8")',
    )
    expect(/CapEff:\s*(\w+)/.exec(status)?.[1]).toBe('0000000000000000')
    expect(/Uid:\s*(\d+)/.exec(status)?.[1]).toBe('0')
  })

  it('tells a pod by Events what it waits for, and that it is connected', async () => {
    const namespace = await cluster.newNamespace('manager')
    await cluster.apply(client(namespace), namespace)
    await cluster.waitFor(
      async () => (await reasons(namespace, 'client')).includes('NetworkServiceNoEndpoint'),
      { what: 'an Event says that there is no endpoint' },
    )
    await cluster.apply(sidecar(namespace), namespace)
    await ready(namespace, 'client')
    await cluster.waitFor(
      async () => (await reasons(namespace, 'client')).includes('NetworkServiceConnected'),
      { what: 'an Event says that it is connected' },
    )
    expect(await reasons(namespace, 'gateway')).toContain('NetworkServiceOffered')
  })

  it('refuses a pod with hostNetwork in words', async () => {
    const namespace = await cluster.newNamespace('manager')
    await cluster.apply(sidecar(namespace, 'hostNetwork: true'), namespace)
    await cluster.waitFor(
      async () =>
        (await cluster.kubectl(`-n ${namespace} logs gateway -c nse --tail=50`)).includes(
          'hostNetwork: true',
        ),
      { what: 'the endpoint says why it is refused' },
    )
  })

  it('comes back at another address, and no packet is lost; what ends after that ends on both nodes', async () => {
    const namespace = await connected()
    const before = await urls()
    expect(await ping(namespace, 2)).toContain('2 packets received')
    const pinging = ping(namespace, 200)
    await cluster.kubectl('-n nsm-system delete pods -l app=nsm-manager --wait=false')
    await cluster.waitFor(
      async () => {
        const now = await urls()
        return Object.keys(before).every(node => now[node] !== before[node])
      },
      { what: 'the managers have new addresses', within: 120_000 },
    )
    expect(await pinging).toContain('200 packets received')
    await cluster.kubectl(`-n ${namespace} delete pod client`)
    await cluster.waitFor(async () => (await linksOf(namespace, 'gateway')).length === 0, {
      what: 'the gateway has no link any more',
    })
  })

  it('connects a pod again whose sandbox was made anew', async () => {
    const namespace = await connected()
    const uid = await cluster.kubectl(`-n ${namespace} get pod client -o jsonpath={.metadata.uid}`)
    // The oldest process of the pod is the one that holds its sandbox.
    const script = `for p in $(ls /proc | grep '^[0-9]' | sort -n); do grep -q pod${uid} /proc/$p/cgroup && kill -9 $p && exit; done`
    await cluster.onNode(here, ['sh', '-c', script])
    await cluster.waitFor(
      async () =>
        Number(
          await cluster.kubectl(
            `-n ${namespace} get pod client -o jsonpath={.status.containerStatuses[0].restartCount}`,
          ),
        ) > 0,
      { what: 'the client has started again', within: 120_000 },
    )
    await ready(namespace, 'client')
    expect(await ping(namespace, 3)).toContain('3 packets received')
    await cluster.waitFor(async () => (await linksOf(namespace, 'gateway')).length === 1, {
      what: 'the gateway has one link',
    })
  })

  it('forgets pods that are deleted by force, with their workspaces', async () => {
    const namespace = await connected()
    const before = await workspaces(here)
    await cluster.kubectl(`-n ${namespace} delete pod client --force --grace-period=0`)
    await cluster.waitFor(async () => (await linksOf(namespace, 'gateway')).length === 0, {
      what: 'the gateway has no link any more',
    })
    await cluster.waitFor(async () => (await workspaces(here)) < before, { what: 'its workspace is gone' })
    await cluster.kubectl(`-n ${namespace} delete pod gateway --force --grace-period=0`)
    await cluster.waitFor(
      async () => (await cluster.kubectl(`-n ${namespace} get nse -o name`)).trim() === '',
      { what: 'its endpoint is gone' },
    )
  })
})
