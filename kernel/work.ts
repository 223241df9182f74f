/** A plan at work: its namespaces open, an `End` for each interface. */
import { portOf } from './bridge.ts'
import type { End } from './end.ts'
import { KernelError } from './errors.ts'
import type {
  BridgePlan,
  EndPlan,
  LinkPlan,
  TunPlan,
  VethPlan,
  VxlanPlan,
  VxlanTunnel,
  WireguardLinkPlan,
} from './link-plan.ts'
import type { Kernel, Link, Namespace } from './port.ts'
import { isSameTunnel, type TunnelPath, tunnelPath, vxlanOverhead, wireguardOverhead } from './tunnel.ts'

interface VxlanParts {
  readonly kind: 'vxlan'
  readonly ends: readonly [End]
  readonly tunnel: VxlanTunnel
  readonly path: TunnelPath
  /** The namespace of the node, where its packets travel. */
  readonly own: Namespace
}

interface WireguardParts extends Omit<VxlanParts, 'kind' | 'tunnel'> {
  readonly kind: 'wireguard'
}

/** What is to be made, and where: all ends with their open namespaces, those of the plan first. */
type Parts =
  | { readonly kind: 'veth'; readonly ends: readonly [End, End] }
  | WireguardParts
  | { readonly kind: TunPlan['kind']; readonly ends: readonly [End] }
  | VxlanParts

/** A plan with its open ends; disposing closes the namespaces. */
export type Work = Parts & Disposable

/** Opens namespaces, which the work owns. */
interface Opening {
  readonly end: (end: EndPlan) => End
  /** The namespace of the node. */
  readonly own: () => Namespace
}

/** Opens the namespaces of a plan. Throws KernelError, such as ENOENT when a pod is gone. */
export function openWork(kernel: Kernel, plan: LinkPlan): Work {
  using undo = new DisposableStack()
  const parts = partsOf(plan, {
    end: end => ({ plan: end, namespace: undo.use(kernel.open(end.netns)) }),
    own: () => undo.use(kernel.openOwn()),
  })
  const held = undo.move()
  return { ...parts, [Symbol.dispose]: () => held.dispose() }
}

function partsOf(plan: LinkPlan, open: Opening): Parts {
  if (plan.kind === 'veth') return pairParts(plan, open)
  if (plan.kind === 'vxlan') return tunnelParts(plan, open)
  if (plan.kind === 'wireguard') return wireguardParts(plan, open)
  if (plan.kind === 'bridge') return portParts(plan, open)
  return { kind: plan.kind, ends: [open.end(plan.ends[0])] }
}

function pairParts({ ends: [source, destination] }: VethPlan, open: Opening): Parts {
  return { kind: 'veth', ends: [open.end(source), open.end(destination)] }
}

/** The interface never takes a packet that its way does not. */
function tunnelParts({ ends: [end], tunnel }: VxlanPlan, open: Opening): Parts {
  const own = open.own()
  const path = tunnelPath(own, { ...tunnel, overhead: vxlanOverhead(tunnel.local) })
  const here = open.end(fitted(end, 'mtu' in path ? path.mtu : undefined))
  return { kind: 'vxlan', ends: [here], tunnel, path, own }
}

function wireguardParts({ ends: [end], tunnel }: WireguardLinkPlan, open: Opening): Parts {
  const own = open.own()
  const { local, remote, port, remotePort, key, peerKey } = tunnel
  const path = tunnelPath(own, { local, remote, overhead: wireguardOverhead(local) })
  const wireguard = { key, port, peer: { publicKey: peerKey, address: remote, port: remotePort } }
  const here = open.end({ ...fitted(end, 'mtu' in path ? path.mtu : undefined), wireguard })
  return { kind: 'wireguard', ends: [here], path, own }
}

function portParts(plan: BridgePlan, open: Opening): Parts {
  const port = portOf(plan, open.own())
  return { kind: 'veth', ends: [open.end(fitted(plan.ends[0], port.plan.mtu)), port] }
}

/** An end that is no larger than `most`. Throws KernelError EMSGSIZE where Linux would drop its IPv6 addresses. */
function fitted(end: EndPlan, most: number | undefined): EndPlan {
  if (most === undefined) return end
  const mtu = Math.min(end.mtu ?? most, most)
  if (mtu >= leastIpv6Mtu || end.addresses.every(cidr => !cidr.includes(':'))) return { ...end, mtu }
  throw new KernelError(
    `wiring interface ${end.name} of "${end.alias}": its way takes ${mtu} bytes in one piece, and IPv6 needs ${leastIpv6Mtu}; enlarge the MTU of the network below`,
    { errno: EMSGSIZE, syscall: 'RTM_GETROUTE' },
  )
}

/** RFC 8200 §5. */
const leastIpv6Mtu = 1280
const EMSGSIZE = 90

/** Whether the links that were found are those of the work, however they are configured. */
export function isWhole(work: Work, links: readonly (Link | undefined)[]): boolean {
  const [a, b] = links
  if (a === undefined) return false
  if (work.kind === 'vxlan') return a.tunnel !== undefined && isSameTunnel(a.tunnel, work.tunnel)
  if (work.kind !== 'veth') return a.kind === work.kind
  return b !== undefined && a.peer === b.index && b.peer === a.index
}
