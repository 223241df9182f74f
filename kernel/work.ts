/** A plan at work: its namespaces open, an `End` for each interface. */
import type { End } from './end.ts'
import type { EndPlan, LinkPlan, VethPlan, VxlanPlan, VxlanTunnel } from './link-plan.ts'
import type { Kernel, Link } from './port.ts'
import { isSameTunnel, type TunnelPath, tunnelPath } from './tunnel.ts'

/** What is to be made, and where: all ends with their open namespaces. */
type Parts =
  | { readonly kind: 'veth'; readonly ends: readonly [End, End] }
  | {
      readonly kind: 'vxlan'
      readonly ends: readonly [End]
      readonly tunnel: VxlanTunnel
      readonly path: TunnelPath
    }

/** A plan with its open ends; disposing closes the namespaces. */
export type Work = Parts & Disposable

/** Opens the namespaces of a plan. Throws KernelError, such as ENOENT when a pod is gone. */
export function openWork(kernel: Kernel, plan: LinkPlan): Work {
  using undo = new DisposableStack()
  const open = (end: EndPlan): End => ({ plan: end, namespace: undo.use(kernel.open(end.netns)) })
  const parts = plan.kind === 'vxlan' ? tunnelParts(kernel, plan, open) : pairParts(plan, open)
  const held = undo.move()
  return { ...parts, [Symbol.dispose]: () => held.dispose() }
}

type Open = (end: EndPlan) => End

function pairParts({ ends: [source, destination] }: VethPlan, open: Open): Parts {
  return { kind: 'veth', ends: [open(source), open(destination)] }
}

/** The interface never takes a packet that its way does not. */
function tunnelParts(kernel: Kernel, { ends: [end], tunnel }: VxlanPlan, open: Open): Parts {
  const path = tunnelPath(kernel, tunnel)
  const most = 'mtu' in path ? path.mtu : undefined
  const mtu = Math.min(end.mtu ?? Number.POSITIVE_INFINITY, most ?? Number.POSITIVE_INFINITY)
  return { kind: 'vxlan', ends: [open(Number.isFinite(mtu) ? { ...end, mtu } : end)], tunnel, path }
}

/** Whether the links that were found are those of the work, however they are configured. */
export function isWhole(work: Work, links: readonly (Link | undefined)[]): boolean {
  const [a, b] = links
  if (a === undefined) return false
  if (work.kind === 'vxlan') return a.tunnel !== undefined && isSameTunnel(a.tunnel, work.tunnel)
  return b !== undefined && a.peer === b.index && b.peer === a.index
}
