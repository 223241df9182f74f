/** Which routing table each policy of an end has, and which rules and routes that means. */
import { encodePrefix, family } from './codec/ip.ts'
import type { EndPlan, PolicyPlan } from './link-plan.ts'
import { ownerOf } from './owner.ts'
import type { Link, Namespace, RouteValue, Rule, RuleValue } from './port.ts'
import { selectorInWords } from './same.ts'

/** The rules of a namespace as one end sees them. */
export interface RuleFacts {
  /** Of this end. */
  readonly own: readonly Rule[]
  /** Ours, of links that are gone. */
  readonly stray: readonly Rule[]
  /** Tables that somebody else has a rule or a route for; empty when no policy needs a new one. */
  readonly taken: ReadonlySet<number>
}

/** What the policies of an end mean to the kernel. */
export interface PolicyParts {
  readonly rules: readonly RuleValue[]
  readonly routes: readonly RouteValue[]
}

/** Looks at the rules, as far as the end needs them. Throws KernelError. */
export function lookAtRules(namespace: Namespace, plan: EndPlan, index: number): RuleFacts {
  const rules = namespace.rule.list()
  const owner = ownerOf(plan.alias)
  const own = rules.filter(rule => rule.origin === 'ours' && rule.owner === owner)
  const others = rules.filter(rule => !own.includes(rule))
  const stray = strayAmong(namespace, others)
  const known = new Set(own.map(selectorInWords))
  if (plan.policies.every(policy => known.has(selectorInWords(policy))))
    return { own, stray, taken: new Set() }
  const uses = namespace.route.uses().filter(use => use.origin !== 'ours' || use.index !== index)
  const kept = others.filter(rule => !stray.includes(rule))
  return { own, stray, taken: new Set([...uses, ...kept].map(({ table }) => table)) }
}

/** Removes the rules of links that have these aliases. Throws KernelError. */
export function removeRules(namespace: Namespace, aliases: readonly string[]): void {
  const owners = aliases.map(ownerOf)
  const gone = namespace.rule.list().filter(rule => rule.origin === 'ours' && owners.includes(rule.owner))
  for (const rule of gone) namespace.rule.remove(rule)
}

/** Removes our rules whose links are gone, given all links of the namespace. Throws KernelError. */
export function removeStrayRules(namespace: Namespace, links: readonly Link[]): void {
  const ours = namespace.rule.list().filter(({ origin }) => origin === 'ours')
  for (const rule of withoutLink(ours, links)) namespace.rule.remove(rule)
}

/**
 * A policy keeps the table that a rule of this end has for the same packets. The others get the first tables that nobody uses,
 * from 1 on, as NSM v1 numbers them; and as there the rule of the higher table is asked first.
 */
export function policyParts(plan: EndPlan, { own, taken }: RuleFacts): PolicyParts {
  const tables = tablesOf(plan.policies, own, taken)
  const parts = plan.policies.map((policy, at) => partsOf(policy, tables[at] ?? 0, ownerOf(plan.alias)))
  return { rules: parts.flatMap(({ rules }) => rules), routes: parts.flatMap(({ routes }) => routes) }
}

function tablesOf(
  policies: readonly PolicyPlan[],
  own: readonly Rule[],
  taken: ReadonlySet<number>,
): readonly number[] {
  const known = new Map(own.map(rule => [selectorInWords(rule), rule.table]))
  const used = new Set(taken)
  const kept = policies.map(policy => known.get(selectorInWords(policy)))
  for (const table of kept) if (table !== undefined) used.add(table)
  return kept.map(table => {
    const chosen = table ?? firstFree(used)
    used.add(chosen)
    return chosen
  })
}

function firstFree(used: ReadonlySet<number>): number {
  let table = 1
  while (used.has(table) || reserved.includes(table)) table++
  return table
}

function partsOf({ routes, ...selector }: PolicyPlan, table: number, owner: number): PolicyParts {
  const families = new Set(routes.map(({ prefix }) => encodePrefix(prefix).family))
  return {
    rules: [...families].map(number => ({
      ...selector,
      family: number === family.ipv4 ? 'ipv4' : 'ipv6',
      table,
      priority: priorityOfMain - table,
      owner,
    })),
    routes: routes.map(route => ({ ...route, table })),
  }
}

function strayAmong(namespace: Namespace, others: readonly Rule[]): readonly Rule[] {
  const ours = others.filter(({ origin }) => origin === 'ours')
  return ours.length === 0 ? [] : withoutLink(ours, namespace.link.list())
}

function withoutLink(rules: readonly Rule[], links: readonly Link[]): readonly Rule[] {
  const owners = new Set(links.map(({ alias }) => ownerOf(alias)))
  return rules.filter(({ owner }) => !owners.has(owner))
}

/** RT_TABLE_COMPAT, RT_TABLE_DEFAULT, RT_TABLE_MAIN, RT_TABLE_LOCAL (linux/rtnetlink.h). */
const reserved: readonly number[] = [252, 253, 254, 255]

/** Rules for tables come before that for the table main. */
const priorityOfMain = 32_766
