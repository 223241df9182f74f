/** A plan at work: its namespaces open, an `End` for each interface. */
import type { End } from './end.ts'
import type { EndPlan, LinkPlan, VxlanTunnel } from './link-plan.ts'
import type { Kernel, Link } from './port.ts'
import { isSameTunnel } from './tunnel.ts'

/** What is to be made, and where: all ends with their open namespaces. */
type Parts =
  | { readonly kind: 'veth'; readonly ends: readonly [End, End] }
  | { readonly kind: 'vxlan'; readonly ends: readonly [End]; readonly tunnel: VxlanTunnel }

/** A plan with its open ends; disposing closes the namespaces. */
export type Work = Parts & Disposable

/** Opens the namespaces of a plan. Throws KernelError, such as ENOENT when a pod is gone. */
export function openWork(kernel: Kernel, plan: LinkPlan): Work {
  using undo = new DisposableStack()
  const parts = partsOf(plan, end => ({ plan: end, namespace: undo.use(kernel.open(end.netns)) }))
  const held = undo.move()
  return { ...parts, [Symbol.dispose]: () => held.dispose() }
}

function partsOf(plan: LinkPlan, open: (end: EndPlan) => End): Parts {
  if (plan.kind === 'vxlan') return { kind: plan.kind, ends: [open(plan.ends[0])], tunnel: plan.tunnel }
  return { kind: plan.kind, ends: [open(plan.ends[0]), open(plan.ends[1])] }
}

/** Whether the links that were found are those of the work, however they are configured. */
export function isWhole(work: Work, links: readonly (Link | undefined)[]): boolean {
  const [a, b] = links
  if (a === undefined) return false
  if (work.kind === 'vxlan') return a.tunnel !== undefined && isSameTunnel(a.tunnel, work.tunnel)
  return b !== undefined && a.peer === b.index && b.peer === a.index
}
