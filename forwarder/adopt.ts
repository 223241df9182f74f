import { setImmediate as turn } from 'node:timers/promises'
import { create } from '@bufbuild/protobuf'
import type { NetnsName } from '#kernel/link-plan.ts'
import { removeStrayRules } from '#kernel/policy.ts'
import { type Kernel, type Link, type Namespace, ourGroup } from '#kernel/port.ts'
import { parseTag, type Tag } from '#kernel/tag.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { mechanismClass, mechanismType, netnsParameters, parameter } from '#sdk/wire/mechanism.ts'
import type { Present } from './cross-connects.ts'
import { flawOf } from './observe.ts'
import { withStates } from './states.ts'

/** One end of ours as it is in the kernel. */
interface FoundEnd extends Tag {
  readonly netns: NetnsName
  readonly link: Link
  /** CIDRs. */
  readonly addresses: readonly string[]
}

/**
 * What an earlier life of this forwarder made. The kernel tells the ids, names, namespaces and addresses; the rest
 * comes with the manager's next request, which finds the links as they should be and changes nothing. Links that the
 * earlier life had not finished, and so nobody was told of, are removed, and so are rules that have lost their links.
 * Other work gets its turns meanwhile. Throws KernelError.
 */
export async function adopt(kernel: Kernel): Promise<readonly Present[]> {
  let scan = await scanned(kernel)
  if (scan.undone.length > 0) {
    await Promise.all(scan.undone)
    // An unfinished end may have taken a tagged one with it.
    scan = await scanned(kernel)
  }
  return [...Map.groupBy(scan.ends, ({ id }) => id)].map(([id, ends]) => foundOf(id, ends))
}

interface Scan {
  readonly ends: readonly FoundEnd[]
  /** The removals of unfinished links. */
  readonly undone: readonly Promise<void>[]
}

async function scanned(kernel: Kernel): Promise<Scan> {
  const ends: FoundEnd[] = []
  const undone: Promise<void>[] = []
  let began = performance.now()
  for (const next of kernel.followed()) {
    {
      using namespace = next
      const links = namespace.link.list()
      ends.push(...endsIn({ kernel, namespace }, links))
      removeStrayRules(namespace, links)
      undone.push(...links.filter(isUnfinished).map(({ index }) => namespace.link.remove(index)))
    }
    if (performance.now() - began < longestTurnMs) continue
    await turn()
    began = performance.now()
  }
  return { ends, undone }
}

function endsIn(
  { kernel, namespace }: { readonly kernel: Kernel; readonly namespace: Namespace },
  links: readonly Link[],
): readonly FoundEnd[] {
  const tagged = links.flatMap(link => {
    const tag = parseTag(link.alias)
    return tag === undefined ? [] : [{ ...tag, link }]
  })
  if (tagged.length === 0) return []
  // Their events must reach us, so our kernel has to learn whose id it is.
  kernel.follow(namespace)
  const addresses = Map.groupBy(namespace.addr.listAll(), ({ index }) => index)
  return tagged.map(end => ({
    ...end,
    netns: namespace.netns,
    addresses: (addresses.get(end.link.index) ?? [])
      .filter(({ origin }) => origin === 'ours')
      .map(({ cidr }) => cidr),
  }))
}

/** Made, but never tagged: no request was answered with it. */
function isUnfinished({ alias, group }: Link): boolean {
  return alias === '' && group === ourGroup
}

/** Ends of one id in third places: it was being moved, and the earlier life died in between. */
function foundOf(id: string, ends: readonly FoundEnd[]): Present {
  const source = ends.find(({ role }) => role === 'src')
  const destination = ends.find(({ role }) => role === 'dst')
  const context = {
    ipContext: { srcIpAddrs: addressesOf(source), dstIpAddrs: addressesOf(destination) },
  }
  const crossConnect = create(CrossConnectSchema, {
    id,
    source: { mechanism: source === undefined ? remoteOf(destination) : localOf(source), context },
    destination: { mechanism: destination === undefined ? remoteOf(source) : localOf(destination), context },
  })
  const strays = ends.filter(end => end !== source && end !== destination).map(({ netns }) => netns)
  const reasons = ends.flatMap(({ link }) => flawOf(link, link.name) ?? [])
  if (reasons.length === 0) return { crossConnect, strays }
  const down = withStates(crossConnect, { source: State.DOWN, destination: State.DOWN })
  return { crossConnect: down, strays, reason: reasons.join('; ') }
}

function localOf({ netns, link }: FoundEnd) {
  return {
    cls: mechanismClass.local,
    type: mechanismType.kernel,
    parameters: { ...netnsParameters(netns), [parameter.name]: link.name },
  }
}

/** Where there is no end, it is on another node, to which the device of the other end leads. */
function remoteOf(near: FoundEnd | undefined) {
  const tunnel = near?.link.tunnel
  if (near === undefined || tunnel === undefined) return { cls: mechanismClass.remote }
  const { local, remote, vni, port } = tunnel
  const [srcIp, dstIp] = near.role === 'src' ? [local, remote] : [remote, local]
  return {
    cls: mechanismClass.remote,
    type: mechanismType.vxlan,
    parameters: {
      [parameter.srcIp]: srcIp,
      [parameter.dstIp]: dstIp,
      [parameter.srcPort]: String(port),
      [parameter.dstPort]: String(port),
      [parameter.vni]: String(vni),
      [parameter.mtu]: String(near.link.mtu),
    },
  }
}

function addressesOf(end: FoundEnd | undefined): string[] {
  return [...(end?.addresses ?? [])]
}

/** Milliseconds that other work may have to wait. */
const longestTurnMs = 20
