/** One end of a link at work: what the plan wants and the open namespace that it lies in. */
import { differences, type EndFacts } from './difference.ts'
import { KernelError } from './errors.ts'
import type { EndPlan } from './link-plan.ts'
import type { EndState } from './link-state.ts'
import { inverse, type Operation, operationInWords, perform } from './operation.ts'
import { lookAtRules } from './policy.ts'
import { type Link, type Namespace, ourGroup } from './port.ts'

/** One end of a link and the open namespace that it lies in. */
export interface End {
  readonly plan: EndPlan
  readonly namespace: Namespace
}

/** An operation that was performed, so that it can be told and taken back. */
export interface Done {
  readonly end: End
  readonly index: number
  readonly operation: Operation
}

/**
 * The link of an end, by name or, when it was renamed, by alias. Throws KernelError EEXIST when the pod has another
 * interface of the name.
 */
export function find(end: End): Link | undefined {
  return findByName(end) ?? end.namespace.link.tagged(end.plan.alias)
}

/** The link of an end, by name alone. Throws as `find` does. */
export function findByName({ plan, namespace }: End): Link | undefined {
  const link = namespace.link.get(plan.name)
  if (link === undefined || link.alias === plan.alias || isUnfinished(link)) return link
  const owner = link.alias === '' ? 'it is not one of ours' : `it belongs to "${link.alias}"`
  throw new KernelError(
    `wiring interface ${plan.name} of "${plan.alias}" in network namespace ${namespace.netns.cookie}: the pod has an interface of that name and ${owner}; ask for another name`,
    { errno: EEXIST, syscall: 'RTM_NEWLINK' },
  )
}

/** Made by an earlier life of ours that died before it could tag it. */
function isUnfinished(link: Link): boolean {
  return link.alias === '' && link.group === ourGroup
}

/** The end as it is. Throws KernelError ENODEV when somebody removed it meanwhile. */
export function look(end: End): EndFacts {
  const link = find(end) ?? missing(end)
  const { addr, route, neigh } = end.namespace
  return {
    link,
    ...wireguardOf(end, link),
    addresses: addr.list(link.index),
    routes: route.list(link.index),
    neighbours: neigh.list(link.index),
    rules: lookAtRules(end.namespace, end.plan, link.index),
  }
}

function wireguardOf({ plan, namespace }: End, { index }: Link): Pick<EndFacts, 'wireguard'> {
  const wireguard = plan.wireguard === undefined ? undefined : namespace.link.getWireguard(index)
  return wireguard === undefined ? {} : { wireguard }
}

/** A link that was just made has nothing yet, so the kernel need not be asked what; but rules outlive their link. Throws KernelError. */
export function newborn({ plan, namespace }: End, link: Link): EndFacts {
  const rules =
    plan.policies.length === 0
      ? { own: [], stray: [], taken: new Set<number>() }
      : lookAtRules(namespace, plan, link.index)
  return { link, born: 'now', addresses: [], routes: [], neighbours: [], rules }
}

/** Performs what turns the facts into the plan, and notes each operation in `done`. Throws KernelError. */
export function converge(end: End, facts: EndFacts, done: Done[]): void {
  for (const operation of differences(end.plan, facts)) {
    perform(end.namespace, facts.link.index, operation)
    done.push({ end, index: facts.link.index, operation })
    // IPv6 begins anew, with the settings of the pod, on an interface that becomes large enough for it.
    if (operation.noun === 'link' && (operation.before.mtu ?? 0) < (operation.value.mtu ?? 0))
      end.namespace.link.refuseAdvertisements(facts.link.name)
  }
}

/**
 * Gives an end back what it had of ours and the kernel took by itself: with an address it takes the routes that need
 * it. Throws KernelError.
 */
export function restore({ namespace: { addr, route } }: End, { link: { index }, ...had }: EndFacts): void {
  const present = new Set(addr.list(index).map(({ cidr }) => cidr))
  const lost = had.addresses.filter(({ cidr, origin }) => origin === 'ours' && !present.has(cidr))
  for (const { cidr } of lost) addr.add(index, cidr)
  for (const { origin, ...value } of had.routes) if (origin === 'ours') route.add(index, value)
}

/** Takes operations back, the last one first. Throws KernelError. */
export function takeBack(done: readonly Done[]): void {
  for (const { end, index, operation } of done.toReversed()) perform(end.namespace, index, inverse(operation))
}

/** The end as `apply` leaves it: as the link is known, else as it is found. Throws as `look` does. */
export function stateOf(end: End, known?: Link): EndState {
  const { index, name, mac, mtu } = known ?? find(end) ?? missing(end)
  return { netns: end.namespace.netns.cookie, index, name, mac, mtu }
}

/** `nsm0: addr add 10.0.0.1/30` */
export function doneInWords({ end, operation }: Done): string {
  return `${end.plan.name}: ${operationInWords(operation)}`
}

function missing({ plan, namespace }: End): never {
  const doing = `wiring interface ${plan.name} in network namespace ${namespace.netns.cookie}: it vanished meanwhile`
  throw new KernelError(doing, { errno: ENODEV, syscall: 'RTM_GETLINK' })
}

const EEXIST = 17
const ENODEV = 19
