import { converge, type Done, doneInWords, type End, newborn } from './end.ts'
import { isKernelError, KernelError } from './errors.ts'
import type { EndPlan } from './link-plan.ts'
import { randomMac } from './mac.ts'
import { removeRules } from './policy.ts'
import { type Link, type LinkBirth, ourGroup } from './port.ts'
import { tunnelInWords } from './tunnel.ts'
import type { Work } from './work.ts'

/** A link that was just made. */
export interface Created {
  /** As the ends were born, in their order. */
  readonly links: readonly Link[]
  /** What was done, in words. */
  readonly changes: readonly string[]
}

/** A link that was made and could not be given what its plan wants. */
export interface Unmade {
  /** What the kernel refused. */
  readonly cause: unknown
  /** The end of the link, for which the kernel waits; the work may be disposed of meanwhile. */
  readonly removal: Promise<void>
}

/**
 * Creates a link and gives each end what its plan wants, or removes it again. Throws what the kernel refused when
 * nothing was made.
 *
 * The ends get their names at birth: a rename costs the kernel 0.15 ms. Should we die before they are tagged, their
 * group tells the next life that they are ours.
 */
export function create(work: Work): Created | Unmade {
  const links = make(work)
  try {
    const done: Done[] = []
    for (const [at, end] of work.ends.entries()) configure(end, links[at] ?? bornLink(end), done)
    return { links, changes: [`${work.kind} add`, ...done.map(doneInWords)] }
  } catch (cause) {
    return { cause: explained(work, cause), removal: unmake(work, links[0]) }
  }
}

/** All but the waiting is done when this returns. */
async function unmake({ ends }: Work, { index }: Link): Promise<void> {
  for (const { plan, namespace } of ends) removeRules(namespace, [plan.alias])
  await ends[0].namespace.link.remove(index)
}

function make(work: Work): readonly [Link, ...Link[]] {
  const [first] = work.ends
  const { plan, namespace } = first
  switch (work.kind) {
    case 'veth': {
      const [, second] = work.ends
      const [end, peer] = [pairBirth(plan), pairBirth(second.plan)]
      const [index, other] = namespace.link.createVeth(end, { ...peer, namespace: second.namespace })
      return [bornPair(end, index), bornPair(peer, other)]
    }
    case 'tun':
    case 'tap':
      namespace.link.createTun({ name: plan.name, kind: work.kind }, plan.alias)
      break
    case 'wireguard':
      if ('refusal' in work.path) throw work.path.refusal
      work.own.link.createWireguard({ ...birthOf(plan), namespace })
      break
    case 'vxlan': {
      if ('refusal' in work.path) throw work.path.refusal
      work.own.link.createVxlan({ ...birthOf(plan), namespace }, work.tunnel)
    }
  }
  return [bornLink(first)]
}

/** A device opens the UDP port of its tunnel when it comes up; that of VXLAN, all devices of ours share. */
function explained(work: Work, cause: unknown): unknown {
  if (!isKernelError(cause, 'EADDRINUSE')) return cause
  const port = work.ends[0].plan.wireguard?.port
  if (port !== undefined) {
    const doing = `making a WireGuard tunnel: another program of this node has UDP port ${port}; end it, or ask for another port`
    return new KernelError(doing, cause, { cause })
  }
  if (work.kind !== 'vxlan') return cause
  return new KernelError(
    `making a tunnel ${tunnelInWords(work.tunnel)}: another program of this node has that port; end it, or set NSM_VXLAN_PORT of all forwarders to another`,
    cause,
    { cause },
  )
}

function birthOf({ name, mtu, mac }: EndPlan): LinkBirth {
  return { name, ...(mtu === undefined ? {} : { mtu }), ...(mac === undefined ? {} : { mac }) }
}

/** All of an end is chosen here, so that the kernel need not be asked what it chose. */
function pairBirth(plan: EndPlan): Required<LinkBirth> {
  return { mtu: ETH_DATA_LEN, mac: randomMac(), ...birthOf(plan) }
}

function bornPair({ name, mtu, mac }: Required<LinkBirth>, index: number): Link {
  const owned = { index, name, mtu, mac: mac.toLowerCase(), kind: 'veth', group: ourGroup } as const
  return { ...owned, alias: '', master: 0, admin: 'down', carrier: 'no' }
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

/** Of linux/if_ether.h: the MTU of a new Ethernet interface. */
const ETH_DATA_LEN = 1500
const ENODEV = 19
