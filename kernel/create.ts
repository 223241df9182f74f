import { converge, type Done, doneInWords, type End, newborn } from './end.ts'
import { isKernelError, KernelError } from './errors.ts'
import type { EndPlan } from './link-plan.ts'
import { removeRules } from './policy.ts'
import type { Link, LinkBirth } from './port.ts'
import { tunnelInWords } from './tunnel.ts'
import { undone } from './undo.ts'
import type { Work } from './work.ts'

/**
 * Creates a link and gives each end what its plan wants; returns what was done, in words. Throws what the kernel
 * refused, after removing the link again.
 *
 * The ends get their names at birth: a rename costs the kernel 0.15 ms. Should we die before they are tagged, their
 * group tells the next life that they are ours.
 */
export async function create(work: Work): Promise<readonly string[]> {
  make(work)
  const [first] = work.ends
  const link = bornLink(first)
  try {
    const done: Done[] = []
    for (const end of work.ends) configure(end, end === first ? link : bornLink(end), done)
    return [`${work.kind} add`, ...done.map(doneInWords)]
  } catch (cause) {
    throw await undone(explained(work, cause), async () => {
      for (const { plan, namespace } of work.ends) removeRules(namespace, [plan.alias])
      await first.namespace.link.remove(link.index)
    })
  }
}

function make(work: Work): void {
  const [{ plan, namespace }] = work.ends
  switch (work.kind) {
    case 'veth': {
      const [, peer] = work.ends
      return namespace.link.createVeth(birthOf(plan), { ...birthOf(peer.plan), namespace: peer.namespace })
    }
    case 'tun':
    case 'tap':
      return namespace.link.createTun({ name: plan.name, kind: work.kind }, plan.alias)
    case 'wireguard':
      if ('refusal' in work.path) throw work.path.refusal
      return work.own.link.createWireguard({ ...birthOf(plan), namespace })
    case 'vxlan': {
      if ('refusal' in work.path) throw work.path.refusal
      return work.own.link.createVxlan({ ...birthOf(plan), namespace }, work.tunnel)
    }
  }
}

/** A device opens the UDP port of its tunnel when it comes up, which all devices of ours share. */
function explained(work: Work, cause: unknown): unknown {
  if (work.kind !== 'vxlan' || !isKernelError(cause, 'EADDRINUSE')) return cause
  return new KernelError(
    `making a tunnel ${tunnelInWords(work.tunnel)}: another program of this node has that port; end it, or set NSM_VXLAN_PORT of all forwarders to another`,
    cause,
    { cause },
  )
}

function birthOf({ name, mtu, mac }: EndPlan): LinkBirth {
  return { name, ...(mtu === undefined ? {} : { mtu }), ...(mac === undefined ? {} : { mac }) }
}

function bornLink({ plan, namespace }: End): Link {
  const link = namespace.link.get(plan.name)
  if (link !== undefined) return link
  const doing = `wiring network namespace ${namespace.netns.cookie}: the new interface ${plan.name} vanished`
  throw new KernelError(doing, { errno: ENODEV, syscall: 'RTM_GETLINK' })
}

function configure(end: End, link: Link, done: Done[]): void {
  end.namespace.link.refuseAdvertisements(link.name)
  converge(end, newborn(end, link), done)
}

const ENODEV = 19
