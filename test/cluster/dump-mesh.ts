import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { Cluster } from './cluster.ts'

/** What the mesh has made on one node. A line of the first three begins with `node` or `pod`, whose network namespace it is in. */
export interface NodeDump {
  /** Links of the mesh, and all tunnels with their identifiers. */
  readonly links: readonly string[]
  /** How many ids of other namespaces there are: in each pod with links, and in the node more than it has pods. */
  readonly nsids: readonly string[]
  /** But for those that every namespace has. */
  readonly rules: readonly string[]
  /** Of the node's own namespace. */
  readonly routes: readonly string[]
  readonly workspaces: readonly string[]
  /** `table/key` of each row of the manager's database, but for those that tell what has been. */
  readonly journal: readonly string[]
}

/** What the mesh has made in a cluster; when two are equal, nothing has been left behind between them. */
export interface MeshDump {
  /** By node. Empty on a cluster that the tests did not make: nobody looks into its nodes. */
  readonly nodes: Readonly<Record<string, NodeDump>>
  /** Kind, namespace and name of services, endpoints and managers. */
  readonly resources: readonly string[]
  /** Names and holders of the Leases of the mesh. */
  readonly leases: readonly string[]
}

type Parts = Pick<Cluster, 'kubectl' | 'onNode' | 'nodes' | 'own'>

const columns = '--no-headers -o custom-columns=:kind,:metadata.namespace,:metadata.name,:spec.holderIdentity'
const child = join(import.meta.dirname, 'dump-node-child.ts')

/** Looks at all nodes and at the API server, when what other tests have deleted is gone. */
export async function dumpMesh(cluster: Parts & Pick<Cluster, 'waitFor'>): Promise<MeshDump> {
  const leaving = 'get namespaces -o jsonpath={.items[?(@.status.phase=="Terminating")].metadata.name}'
  await cluster.waitFor(async () => (await cluster.kubectl(leaving)) === '', {
    what: 'deleted namespaces are gone',
    within: 120_000,
  })
  return await look(cluster)
}

async function look(cluster: Parts): Promise<MeshDump> {
  const names = cluster.own === undefined ? [] : cluster.nodes
  const list = async (args: string) =>
    (await cluster.kubectl(`${args} ${columns}`)).trim().replaceAll(/ +/g, ' ').split('\n').toSorted()
  const [resources, leases, ...nodes] = await Promise.all([
    list('get nse,netsvc,nsm -A'),
    list('-n nsm-system get leases'),
    ...names.map(async node => [node, await dumpNode(cluster, node)] as const),
  ])
  return { nodes: Object.fromEntries(nodes), resources, leases }
}

async function dumpNode(cluster: Parts, node: string): Promise<NodeDump> {
  return JSON.parse(await cluster.onNode(node, [process.execPath, child])) as NodeDump
}

/** Waits until the mesh is as it was; the failure shows what is different. */
export async function untilMeshIs(
  cluster: Parts & Pick<Cluster, 'waitFor'>,
  before: MeshDump,
  within = 60_000,
): Promise<void> {
  let now = before
  await cluster
    .waitFor(
      async () => {
        now = await look(cluster)
        return isDeepStrictEqual(now, before)
      },
      { what: 'the mesh is as it was', within },
    )
    .catch((thrown: unknown) => {
      expect(now, String(thrown)).toEqual(before)
      throw thrown
    })
}
