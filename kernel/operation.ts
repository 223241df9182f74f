/** One small change of one end of a link, as plain data: it can be shown, performed and taken back. */
import type { WireguardPlan } from './link-plan.ts'
import type { LinkChange, Namespace, Neighbour, RouteValue, RuleValue } from './port.ts'
import { routeInWords, ruleInWords } from './same.ts'

/** A change of one end. `remove` and `add` are inverse to each other, `set` has what was before. */
export type Operation =
  | {
      readonly verb: 'set'
      readonly noun: 'wireguard'
      readonly value: WireguardPlan
      /** Absent for a new device, which goes as a whole. */
      readonly before?: WireguardPlan
    }
  | { readonly verb: 'set'; readonly noun: 'link'; readonly value: LinkChange; readonly before: LinkChange }
  | { readonly verb: 'add' | 'remove'; readonly noun: 'addr'; readonly value: string }
  | { readonly verb: 'add' | 'remove'; readonly noun: 'route'; readonly value: RouteValue }
  | { readonly verb: 'add' | 'remove'; readonly noun: 'neigh'; readonly value: Neighbour }
  | { readonly verb: 'add' | 'remove'; readonly noun: 'rule'; readonly value: RuleValue }

/** Performs an operation on a link. Throws KernelError. */
export function perform(namespace: Namespace, index: number, operation: Operation): void {
  switch (operation.noun) {
    case 'wireguard':
      return namespace.link.setWireguard(index, operation.value)
    case 'link':
      return namespace.link.set(index, operation.value)
    case 'addr':
      return namespace.addr[operation.verb](index, operation.value)
    case 'route':
      return namespace.route[operation.verb](index, operation.value)
    case 'neigh':
      return namespace.neigh[operation.verb](index, operation.value)
    case 'rule':
      return namespace.rule[operation.verb](operation.value)
  }
}

/** What takes an operation back. */
export function inverse(operation: Operation): Operation {
  if (operation.noun === 'wireguard')
    return { ...operation, value: operation.before ?? operation.value, before: operation.value }
  if (operation.noun === 'link') return { ...operation, value: operation.before, before: operation.value }
  return { ...operation, verb: operation.verb === 'add' ? 'remove' : 'add' }
}

/** In the words of ip(8): `addr add 10.0.0.1/30`. */
export function operationInWords(operation: Operation): string {
  return `${operation.noun} ${operation.verb} ${valueInWords(operation)}`
}

function valueInWords(operation: Operation): string {
  if (operation.noun === 'wireguard') return wireguardInWords(operation.value)
  if (operation.noun === 'addr') return operation.value
  if (operation.noun === 'route') return routeInWords(operation.value)
  if (operation.noun === 'rule') return ruleInWords(operation.value)
  if (operation.noun === 'neigh') return `${operation.value.address} lladdr ${operation.value.mac}`
  return Object.entries(operation.value)
    .map(([what, value]) => `${what} ${value}`)
    .join(' ')
}

/** Without keys: a line of a log is read by many. */
function wireguardInWords({ port, peer }: WireguardPlan): string {
  return `port ${port} peer ${peer.address} port ${peer.port}`
}
