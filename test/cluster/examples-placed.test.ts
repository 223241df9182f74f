import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { runCli } from './run-cli.ts'

const cluster = await useCluster()
const [near = '', far = near] = cluster.nodes

beforeAll(() => cluster.install())

/** What an example has, and what reaches whom in it. */
interface Example {
  readonly name: string
  /** Its pods and workloads that ask; all others are or have endpoints. */
  readonly clients: readonly string[]
  /** How many connections there are in the end. */
  readonly connections: number
  /** What a client gets by HTTP, by URL; `%` is the other end of its interface. */
  readonly answers?: readonly (readonly [link: string, url: string, text: string])[]
}

const examples: readonly Example[] = [
  { name: 'icmp-responder', clients: ['simple-client'], connections: 4 },
  {
    name: 'vpn-gateway',
    clients: ['client'],
    connections: 1,
    answers: [['nsm0', 'http://10.100.0.10:8080', 'hello from the intranet\n']],
  },
  { name: 'secure-intranet', clients: ['my-app'], connections: 1 },
  {
    name: 'two-services',
    clients: ['client'],
    connections: 2,
    answers: [
      ['red0', 'http://%:8080', 'red\n'],
      ['blue0', 'http://%:8080', 'blue\n'],
    ],
  },
  { name: 'p2p-link', clients: ['device-1'], connections: 1 },
  { name: 'no-endpoint/later', clients: ['client'], connections: 1 },
  { name: 'two-nodes', clients: ['near-end'], connections: 1 },
]

const placements = [
  { where: 'on one node', clientNode: near, endpointNode: near },
  { where: 'across two nodes', clientNode: near, endpointNode: far },
].slice(0, cluster.nodes.length)

const cases = placements.flatMap(placement =>
  examples
    // Its client refuses to be where the endpoint is.
    .filter(({ name }) => name !== 'two-nodes' || placement.clientNode !== placement.endpointNode)
    .map(example => ({ ...example, ...placement })),
)

describe('an example', () => {
  it.each(cases)('$name $where: traffic both ways, counted at both ends', async row => {
    const namespace = await cluster.newNamespace(row.name.replace('/', '-'))
    await place(row, namespace)
    const connections = await cluster.waitFor(
      async () => {
        const listed = (await connectionsOf()).filter(({ client }) => client.namespace === namespace)
        return listed.length === row.connections && listed
      },
      { what: `${row.connections} connections`, within: 120_000 },
    )
    // An interface is there before the containers that use it.
    await cluster.kubectl(`-n ${namespace} wait pod --all --for=condition=Ready --timeout=60s`)
    for (const { client, endpoint, node, endpointNode, ...listed } of connections) {
      expect({ node, endpointNode }).toEqual({ node: row.clientNode, endpointNode: row.endpointNode })
      const link = listed.crossConnect.source.mechanism.parameters.name
      const own = await addressOf(namespace, client.name, link)
      const other = own.replace(/\d+$/, last => String(Number(last) + 1))
      await pingBeside(namespace, client.name, other)
      await pingBeside(namespace, endpoint.name, own)
      for (const [at, url, text] of row.answers ?? [])
        if (at === link)
          expect(
            await cluster.inPod(namespace, client.name, `curl -s -m 10 ${url.replace('%', other)}`),
          ).toBe(text)
    }
    await counted(connections)
  })
})

type Row = (typeof cases)[number]

/** Applies an example with its pods put on nodes. */
async function place({ name, clients, clientNode, endpointNode }: Row, namespace: string): Promise<void> {
  const folder = `manifests/examples/${name}`
  const kustomized = existsSync(`${folder}/kustomization.yaml`)
    ? { input: await cluster.kubectl(['kustomize', folder]) }
    : undefined
  const parents = name.includes('/') ? ['-f', `manifests/examples/${name.replace(/\/.*/, '')}`] : []
  const source = kustomized === undefined ? ['-f', folder, ...parents] : ['-f', '-']
  const said = await cluster.kubectl(['create', '--dry-run=client', '-o', 'json', ...source], kustomized)
  // Of several objects kubectl prints one text of JSON after the other.
  const documents = said.trim().split(/\n(?=\{)/)
  const placed = documents.map(text => {
    const item: Applied = JSON.parse(text)
    const nodeName = clients.includes(item.metadata.name) ? clientNode : endpointNode
    const brief = { nodeName, terminationGracePeriodSeconds: 1 }
    const metadata = { ...item.metadata, namespace }
    if (item.kind === 'Pod') return { ...item, metadata, spec: { ...item.spec, ...brief } }
    const { template } = item.spec
    if (template === undefined) return { ...item, metadata }
    return {
      ...item,
      metadata,
      spec: { ...item.spec, template: { ...template, spec: { ...template.spec, ...brief } } },
    }
  })
  await cluster.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: placed }),
  })
}

interface Applied {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: { readonly template?: { readonly spec: object } }
}

/** A connection, as `nsm connections --json` tells it. */
interface Connected {
  readonly connection: { readonly id: string; readonly networkService: string }
  readonly client: { readonly name: string; readonly namespace: string }
  readonly endpoint: { readonly name: string }
  readonly node: string
  readonly endpointNode: string
  readonly crossConnect: {
    readonly source: { readonly mechanism: { readonly parameters: { readonly name: string } } }
  }
}

async function connectionsOf(): Promise<readonly Connected[]> {
  const { out } = await runCli(cluster, `connections --json --kubeconfig ${cluster.kubeconfig}`)
  return (JSON.parse(out) as { readonly connections?: readonly Connected[] }).connections ?? []
}

async function addressOf(namespace: string, pod: string, link: string): Promise<string> {
  const said = await cluster.inPod(namespace, pod, `ip -4 -o addr show ${link}`)
  return /inet ([0-9.]+)/.exec(said)?.[1] ?? ''
}

/** Pings from the network of a pod whose own containers have no tools, or may not ping. */
async function pingBeside(namespace: string, pod: string, address: string): Promise<void> {
  const name = `ping-${Math.random().toString(36).slice(2, 8)}`
  const debug = `debug ${pod} --image=busybox --container=${name} --attach=false --quiet`
  await cluster.kubectl(`-n ${namespace} ${debug} -- ping -c 2 -W 5 ${address}`)
  await cluster.waitFor(
    async () =>
      (await cluster.kubectl(`-n ${namespace} logs ${pod} -c ${name}`)).includes('2 packets received'),
    { what: `${pod} reaches ${address}` },
  )
}

/** Both ends of each connection have seen packets. */
async function counted(connections: readonly Connected[]): Promise<void> {
  const { out } = await runCli(cluster, 'connections --stats')
  for (const { connection, client } of connections) {
    const rows = out.split('\n').filter(line => line.includes(connection.id.slice(0, 12)))
    expect(rows, `${client.name}: ${out}`).toHaveLength(2)
    for (const row of rows) expect(row).not.toContain(' 0 packets')
  }
}
