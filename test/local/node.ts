import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { eventually, type Mesh } from './nsm.ts'

/** What tunnels could leave behind in the network namespace of a node. */
export interface NodeTraces {
  readonly links: readonly string[]
  /** How many other namespaces the node's has an id for. */
  readonly nsids: number
  readonly rules: readonly string[]
  readonly routes: readonly string[]
}

/** Reads them from the kernel, with the tools of the machine. */
async function tracesOf(mesh: Mesh, node: string): Promise<NodeTraces> {
  const ip = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await mesh.ok('exec', `node/${node}`, '--', 'ip', ...args)).split('\n').filter(line => line !== '')
  const [links, nsids, rules, routes] = await Promise.all([
    ip('-br', 'link'),
    ip('netns', 'list-id'),
    ip('rule'),
    ip('route', 'show', 'table', 'all'),
  ])
  return {
    links: links.map(line => line.split(/[@ ]/)[0] ?? ''),
    nsids: nsids.length,
    rules,
    // The kernel takes a second or two until it uses the link-local addresses of the underlay.
    routes: routes.filter(line => !/\bfe80::/.test(line)),
  }
}

/** What tunnels could leave behind on any node, by the node's name. */
export async function tracesOfAll(
  mesh: Mesh,
  nodes: readonly string[],
): Promise<Readonly<Record<string, NodeTraces>>> {
  return Object.fromEntries(
    await Promise.all(nodes.map(async node => [node, await tracesOf(mesh, node)] as const)),
  )
}

/** Waits until the nodes are as they were; what is left there in the end is shown. */
export async function untilAsBefore(mesh: Mesh, before: Readonly<Record<string, NodeTraces>>): Promise<void> {
  let now = before
  await eventually('the nodes are as they were', async () => {
    now = await tracesOfAll(mesh, Object.keys(before))
    return isDeepStrictEqual(now, before) ? true : undefined
  }).catch(() => expect(now).toEqual(before))
}

/** The tunnel devices of a pod: name and what `ip -d link` says of each. */
export async function tunnelsOf(mesh: Mesh, pod: string): Promise<readonly TunnelDevice[]> {
  const links: readonly LinkJson[] = JSON.parse(await mesh.ok('exec', pod, '--', 'ip', '-d', '-j', 'link'))
  return links.flatMap(({ ifname, mtu, linkinfo }) => {
    const data = linkinfo?.info_kind === 'vxlan' ? linkinfo.info_data : undefined
    return data === undefined ? [] : [{ name: ifname, mtu, ...tunnelData(data) }]
  })
}

/** A VXLAN device. */
export interface TunnelDevice {
  readonly name: string
  readonly mtu: number
  readonly vni: number
  readonly local: string
  readonly remote: string
  readonly port: number
}

interface VxlanJson {
  readonly id: number
  readonly local?: string
  readonly local6?: string
  readonly remote?: string
  readonly remote6?: string
  readonly port: number
}

interface LinkJson {
  readonly ifname: string
  readonly mtu: number
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: VxlanJson }
}

function tunnelData({ id, local, local6, remote, remote6, port }: VxlanJson) {
  return { vni: id, local: local ?? local6 ?? '', remote: remote ?? remote6 ?? '', port }
}
