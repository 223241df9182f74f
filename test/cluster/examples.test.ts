import { beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, useCluster } from './cluster.ts'

const cluster = await useCluster()
const examples = 'manifests/examples'

beforeAll(() => cluster.install())

/** A namespace in which an example runs, all its pods Ready. */
async function arrange(example: string, nodeName?: string) {
  const namespace = await cluster.newNamespace(example)
  if (nodeName !== undefined)
    // Everything in it is scheduled there, as if the cluster had no other node.
    await cluster.kubectl(['cordon', ...cluster.nodes.filter(node => node !== nodeName)])
  try {
    await cluster.apply(`${examples}/${example}`, namespace)
    await ready(namespace)
  } finally {
    if (nodeName !== undefined) await cluster.kubectl(['uncordon', ...cluster.nodes])
  }
  return namespace
}

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly spec: { readonly nodeName?: string }
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** Those that are not about to end. */
async function podsOf(namespace: string, selector = ''): Promise<readonly Pod[]> {
  const said = await cluster.kubectl(['-n', namespace, 'get', 'pods', '-o', 'json', '-l', selector])
  const { items } = JSON.parse(said) as { readonly items: readonly Pod[] }
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}

function ready(namespace: string, selector = ''): Promise<readonly Pod[]> {
  return cluster.waitFor(
    async () => {
      const pods = await podsOf(namespace, selector)
      const isReady = ({ status }: Pod) =>
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
      return pods.length > 0 && pods.every(isReady) ? pods : undefined
    },
    { what: `the pods of ${namespace} are Ready`, within: 90_000 },
  )
}

/** The first address of an interface in a pod. */
async function addressOf(
  at: Pick<Cluster, 'inPod'>,
  [namespace, pod, link]: readonly [string, string, string],
) {
  const said = await at.inPod(namespace, pod, `ip -4 -o addr show ${link}`)
  return /inet ([0-9.]+)/.exec(said)?.[1] ?? ''
}

/** The other end of a link whose ends have addresses one after the other. */
function next(address: string): string {
  return address.replace(/\d+$/, last => String(Number(last) + 1))
}

/** Pings from every client to its endpoint; gives the names of the nodes on which clients are. */
async function pingAll(namespace: string): Promise<ReadonlySet<string>> {
  const clients = await podsOf(namespace, 'app=simple-client')
  expect(clients).toHaveLength(4)
  for (const { metadata } of clients) {
    const own = await addressOf(cluster, [namespace, metadata.name, 'nsm0'])
    const said = await cluster.inPod(namespace, metadata.name, `ping -c 2 -W 5 ${next(own)}`)
    expect(said).toContain('2 packets received')
  }
  return new Set(clients.map(({ spec }) => spec.nodeName ?? ''))
}

describe('kubectl apply of an example', () => {
  it('icmp-responder: on one node, four clients reach two endpoints', async () => {
    const namespace = await arrange('icmp-responder', cluster.nodes[0])
    expect([...(await pingAll(namespace))]).toEqual([cluster.nodes[0]])
    const made = await cluster.kubectl(
      `-n ${namespace} get nse -o jsonpath={.items[*].spec.networkservicename}`,
    )
    expect(made).toBe('icmp-responder icmp-responder')
  })

  it.skipIf(cluster.nodes.length < 2)(
    'icmp-responder: across nodes too, and the pods keep cluster DNS',
    async () => {
      const namespace = await arrange('icmp-responder')
      expect((await pingAll(namespace)).size).toBe(2)
      const [client] = await podsOf(namespace, 'app=simple-client')
      const name = client?.metadata.name ?? ''
      expect(await cluster.inPod(namespace, name, 'ip route show default')).toContain('dev eth0')
      expect(await cluster.inPod(namespace, name, 'nslookup kubernetes.default.svc.cluster.local')).toContain(
        'Address',
      )
    },
  )

  it.skipIf(cluster.nodes.length < 2)('two-nodes: the client is never where the endpoint is', async () => {
    const namespace = await arrange('two-nodes')
    const pods = await podsOf(namespace)
    expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(2)
    const own = await addressOf(cluster, [namespace, 'near-end', 'tun0'])
    expect(await cluster.inPod(namespace, 'near-end', `ping -c 2 -W 5 ${next(own)}`)).toContain(
      '2 packets received',
    )
  })

  it('vpn-gateway: a client that knows the name of a service reaches a server behind its gateway', async () => {
    const namespace = await arrange('vpn-gateway')
    const [client] = await podsOf(namespace, 'app=client')
    const said = await cluster.inPod(
      namespace,
      client?.metadata.name ?? '',
      'curl --silent --show-error --max-time 5 http://10.100.0.10:8080',
    )
    expect(said).toBe('hello from the intranet\n')
  })

  it('two-services: one pod, two interfaces, each to its service', async () => {
    const namespace = await arrange('two-services')
    for (const service of ['red', 'blue']) {
      const own = await addressOf(cluster, [namespace, 'client', `${service}0`])
      const said = await cluster.inPod(
        namespace,
        'client',
        `curl --silent --max-time 5 http://${next(own)}:8080`,
      )
      expect(said).toBe(`${service}\n`)
    }
  })

  it('p2p-link: YAML as published years ago', async () => {
    const namespace = await arrange('p2p-link')
    // Its client is a usual container, for which nobody waits.
    for (const [device, link] of [
      ['device-1', 'eth12'],
      ['device-2', 'eth21'],
    ] as const)
      await cluster.waitFor(
        async () => (await cluster.inPod(namespace, device, 'ip -o link')).includes(link),
        {
          what: `${device} has ${link}`,
        },
      )
    const own = await addressOf(cluster, [namespace, 'device-1', 'eth12'])
    expect(await cluster.inPod(namespace, 'device-1', `ping -c 2 -W 5 ${next(own)}`)).toContain(
      '2 packets received',
    )
  })

  it('secure-intranet: relabelled by kubectl annotate, the client moves from the firewall to the gateway', async () => {
    const namespace = await arrange('secure-intranet')
    const reached = async () => {
      const [pod, other] = await ready(namespace, 'app=my-app')
      expect(other, 'one pod, not a roll-out half done').toBeUndefined()
      const own = await addressOf(cluster, [namespace, pod?.metadata.name ?? '', 'nsm0'])
      await cluster.inPod(namespace, pod?.metadata.name ?? '', `ping -c 1 -W 5 ${next(own)}`)
      return own.split('.').slice(0, 3).join('.')
    }
    expect(await reached()).toBe('10.60.1')
    const annotation = 'ns.networkservicemesh.io=secure-intranet-connectivity?app=firewall'
    await cluster.kubectl(`-n ${namespace} annotate --overwrite deployment my-app ${annotation}`)
    await cluster.kubectl(`-n ${namespace} rollout status deployment my-app --timeout=60s`)
    await cluster.waitFor(async () => (await podsOf(namespace, 'app=my-app')).length === 1, {
      what: 'the old pod is gone',
    })
    expect(await reached()).toBe('10.60.2')
  })

  it('no-endpoint: the pod waits and says for what, and starts when the endpoint comes', async () => {
    const namespace = await cluster.newNamespace('no-endpoint')
    await cluster.apply(`${examples}/no-endpoint`, namespace)
    const said = await cluster.waitFor(
      async () => {
        const log = await cluster.kubectl(`-n ${namespace} logs client -c nsm-init`)
        return log.includes('waiting for firewall') ? log : undefined
      },
      { what: 'the init container says what it waits for' },
    )
    expect(said).toContain('no endpoint')
    await cluster.apply(`${examples}/no-endpoint/later`, namespace)
    await ready(namespace)
  })
})
