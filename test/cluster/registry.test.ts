import { beforeAll, describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()

beforeAll(() => cluster.install())

/** The service of the p2p article: who asks for link `net-0` gets the endpoint that is `device`. */
function service(device: string): string {
  return `
apiVersion: networkservicemesh.io/v1alpha1
kind: NetworkService
metadata: {name: p2p}
spec:
  matches:
  - match:
    sourceSelector: {link: net-0}
    route:
    - destination:
      destinationSelector: {device: ${device}}
  payload: IP
`
}

function endpoint(device: string, prefix: string): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: ${device}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: nse
    image: networkservicemesh/sidecar-nse:latest
    env:
    - {name: ENDPOINT_NETWORK_SERVICE, value: p2p}
    - {name: ENDPOINT_LABELS, value: device=${device}}
    - {name: IP_ADDRESS, value: ${prefix}}
    resources: {limits: {networkservicemesh.io/socket: "1"}}
`
}

function client(name: string): string {
  return `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  annotations: {ns.networkservicemesh.io: 'p2p/eth12?link=net-0'}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: alpine:latest, command: [tail, -f, /dev/null]}
`
}

interface Item {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly generateName?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[]
  }
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: { readonly podIP?: string; readonly state?: string }
}

async function get(namespace: string, what: string): Promise<readonly Item[]> {
  const said = await cluster.kubectl(`-n ${namespace} get ${what} -o json`)
  return (JSON.parse(said) as { readonly items: readonly Item[] }).items
}

async function ready(namespace: string, pod: string): Promise<void> {
  await cluster.waitFor(
    async () =>
      (await cluster.kubectl([
        '-n',
        namespace,
        'get',
        'pod',
        pod,
        '-o',
        'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
      ])) === 'True',
    { what: `pod ${pod} of ${namespace} is Ready`, within: 90_000 },
  )
}

function endpointsOf(namespace: string, count: number): Promise<readonly Item[]> {
  return cluster.waitFor(
    async () => {
      const items = await get(namespace, 'nse')
      return items.length === count && items
    },
    { what: `there are ${count} endpoints in ${namespace}` },
  )
}

async function addressOf(namespace: string, pod: string): Promise<string> {
  const said = await cluster.inPod(namespace, pod, 'ip -4 -o addr show eth12')
  return /inet ([0-9.]+)/.exec(said)?.[1] ?? ''
}

describe('the registry of a cluster', () => {
  it('is what kubectl shows, and what is edited there is used by the next request', async () => {
    const namespace = await cluster.newNamespace('p2p')
    await cluster.apply(
      [service('device-2'), endpoint('device-2', '10.62.0.0/24'), endpoint('device-3', '10.63.0.0/24')].join(
        '---',
      ),
      namespace,
    )
    const made = await endpointsOf(namespace, 2)
    const two = made.find(({ metadata }) => metadata.labels?.['device'] === 'device-2')
    expect(two).toMatchObject({
      metadata: {
        generateName: 'p2p-',
        labels: { device: 'device-2', networkservicename: 'p2p' },
        ownerReferences: [{ kind: 'Pod', name: 'device-2' }],
      },
      spec: { networkservicename: 'p2p', payload: 'IP' },
      status: { state: 'RUNNING' },
    })
    const managers = await get('nsm-system', 'nsm')
    expect(managers.map(({ metadata }) => metadata.name).toSorted()).toEqual([...cluster.nodes].toSorted())
    const manager = managers.find(({ metadata }) => metadata.name === two?.spec['nsmname'])
    expect(manager?.metadata.ownerReferences).toMatchObject([{ kind: 'Node', name: manager?.metadata.name }])

    await cluster.apply(client('first'), namespace)
    await ready(namespace, 'first')
    expect(await addressOf(namespace, 'first')).toMatch(/^10\.62\./)
    await cluster.apply(service('device-3'), namespace)
    await cluster.apply(client('second'), namespace)
    await ready(namespace, 'second')
    expect(await addressOf(namespace, 'second')).toMatch(/^10\.63\./)

    await cluster.kubectl(`-n ${namespace} delete pod device-3`)
    expect((await endpointsOf(namespace, 1))[0]?.metadata.uid).toBe(two?.metadata.uid)
  })

  it('an endpoint’s object that somebody deletes comes back, and its connections do not notice', async () => {
    const namespace = await cluster.newNamespace('undone')
    await cluster.apply(
      [service('device-2'), endpoint('device-2', '10.62.0.0/24'), client('c')].join('---'),
      namespace,
    )
    await ready(namespace, 'c')
    const [before] = await endpointsOf(namespace, 1)
    const peer = (await addressOf(namespace, 'c')).replace(/\d+$/, last => String(Number(last) + 1))
    const link = await cluster.inPod(namespace, 'c', 'cat /sys/class/net/eth12/ifindex')
    await cluster.kubectl(`-n ${namespace} delete nse ${before?.metadata.name ?? ''}`)
    await cluster.waitFor(
      async () => {
        const [after] = await get(namespace, 'nse')
        return after !== undefined && after.metadata.uid !== before?.metadata.uid && after
      },
      { what: 'the endpoint is there again' },
    )
    expect((await get(namespace, 'nse')).map(({ metadata }) => metadata.name)).toEqual([
      before?.metadata.name,
    ])
    expect(await cluster.inPod(namespace, 'c', 'cat /sys/class/net/eth12/ifindex')).toBe(link)
    expect(await cluster.inPod(namespace, 'c', `ping -c 2 -W 5 ${peer}`)).toContain('2 packets received')
  })

  it('a manager that is replaced leaves the objects as they are, and says where it is now', async () => {
    const namespace = await cluster.newNamespace('replaced')
    await cluster.apply([service('device-2'), endpoint('device-2', '10.62.0.0/24')].join('---'), namespace)
    const [before] = await endpointsOf(namespace, 1)
    const node = String(before?.spec['nsmname'])
    const pods = `pods -l app=nsm-manager --field-selector=spec.nodeName=${node}`
    const [old] = await get('nsm-system', pods)
    await cluster.kubectl(`-n nsm-system delete pod ${old?.metadata.name ?? ''}`)
    const fresh = await cluster.waitFor(
      async () =>
        (await get('nsm-system', pods)).find(
          pod => pod.metadata.uid !== old?.metadata.uid && pod.status?.podIP,
        ),
      { what: `node ${node} has another manager` },
    )
    await cluster.waitFor(
      async () =>
        (await get('nsm-system', 'nsm')).some(
          ({ metadata, spec }) =>
            metadata.name === node && spec['url'] === `tcp://${fresh.status?.podIP ?? ''}:5001`,
        ),
      { what: 'its record has its address' },
    )
    await cluster.apply(client('c'), namespace)
    await ready(namespace, 'c')
    expect((await get(namespace, 'nse')).map(({ metadata }) => metadata.uid)).toEqual([before?.metadata.uid])
  })

  it.skipIf(cluster.own === undefined || cluster.nodes.length < 2)(
    'a node that is cut off loses its endpoints, and has them again when it is back',
    async () => {
      const namespace = await cluster.newNamespace('cutoff')
      const node = cluster.nodes.at(-1) ?? ''
      const pinned = endpoint('device-2', '10.62.0.0/24').replace('spec:\n', `spec:\n  nodeName: ${node}\n`)
      await cluster.apply(pinned, namespace)
      const [before] = await endpointsOf(namespace, 1)
      const stateOf = async () =>
        (await get('nsm-system', 'nsm')).find(({ metadata }) => metadata.name === node)?.status?.state
      await cluster.faults.setCable(node, 'down')
      try {
        await cluster.waitFor(
          async () => (await get(namespace, 'nse')).length === 0 && (await stateOf()) === 'OFFLINE',
          { what: `the endpoints of ${node} have ended`, within: 120_000 },
        )
      } finally {
        await cluster.faults.setCable(node, 'up')
      }
      await cluster.waitFor(
        async () =>
          (await get(namespace, 'nse'))[0]?.metadata.name === before?.metadata.name &&
          (await stateOf()) === 'RUNNING',
        { what: `the endpoints of ${node} are there again`, within: 120_000 },
      )
    },
    300_000,
  )
})
