import { canonicalCidr, canonicalNetwork, decodeIp, encodeIp } from './codec/ip.ts'
import { KernelError } from './errors.ts'
import type { FakeLinks } from './fake-links.ts'
import { fakePath } from './fake-path.ts'
import type {
  AddressVerbs,
  LinkVerbs,
  Namespace,
  NeighbourVerbs,
  RouteValue,
  RouteVerbs,
  Rule,
  RuleValue,
  RuleVerbs,
} from './port.ts'
import { refuseStrangers } from './rival.ts'
import { canonicalRoute, isSameRoute, isSameRule, routeInWords } from './same.ts'

/** Called before each verb, such as `route.add`; what it throws, the verb throws. */
export type Gate = (verb: string) => void

/** What a fake namespace is made of. */
export interface FakeParts {
  readonly cookie: bigint
  readonly links: FakeLinks
  /** Rules belong to the namespace and to no link. */
  readonly rules: Rule[]
}

/** The verbs of a fake namespace. */
export function fakeNamespace({ cookie, links, rules }: FakeParts, gate: Gate): Namespace {
  const namespace: Namespace = {
    netns: { cookie },
    link: gated('link', linkVerbs(links), gate),
    addr: gated('addr', addressVerbs(links), gate),
    route: gated('route', routeVerbs(links), gate),
    neigh: gated('neigh', neighbourVerbs(links), gate),
    rule: gated('rule', ruleVerbs(rules), gate),
    [Symbol.dispose]: () => undefined,
  }
  linksOf.set(namespace, links)
  return namespace
}

function linkVerbs(links: FakeLinks): LinkVerbs {
  const list = () => links.all().map(({ link }) => link)
  return {
    list,
    get: name => list().find(link => link.name === name),
    tagged: alias => list().find(link => link.alias === alias),
    createVeth: (end, { namespace, ...peer }) =>
      links.addPair(end, { ...peer, links: linksOf.get(namespace) ?? links }),
    createVxlan: ({ namespace, ...end }, tunnel) =>
      links.addTunnel({ ...end, links: linksOf.get(namespace) ?? links }, tunnel),
    createWireguard: ({ namespace, ...end }) =>
      (linksOf.get(namespace) ?? links).add(end, { kind: 'wireguard' }),
    getWireguard: index => links.at(index).wireguard,
    setWireguard: (index, wireguard) => links.update(index, () => ({ wireguard })),
    createTun: ({ name, kind }, alias) => {
      links.add({ name }, { kind })
      const made = list().find(link => link.name === name)
      if (made !== undefined) links.set(made.index, { alias })
    },
    supports: () => 'yes',
    createBridge: name => links.add({ name }, { kind: 'bridge' }),
    set: (index, change) => links.set(index, change),
    refuseAdvertisements: () => 'yes',
    remove: async index => links.drop(index),
  }
}

function addressVerbs(links: FakeLinks): AddressVerbs {
  const without = (index: number, cidr: string) =>
    links.at(index).addresses.filter(entry => entry.cidr !== cidr)
  return {
    list: index => links.at(index).addresses,
    listAll: () =>
      links.all().flatMap(({ link, addresses }) => addresses.map(entry => ({ ...entry, index: link.index }))),
    add(index, written) {
      const cidr = canonicalCidr(written)
      const addresses = [...without(index, cidr), { cidr, origin: 'ours' as const }]
      links.update(index, () => ({ addresses }))
    },
    remove: (index, cidr) => links.update(index, () => ({ addresses: without(index, canonicalCidr(cidr)) })),
  }
}

function routeVerbs(links: FakeLinks): RouteVerbs {
  return {
    list: index => links.at(index).routes,
    lookup: (to, from) => fakePath(links, to, from),
    add(index, written) {
      const route = canonicalRoute(written)
      if (links.at(index).routes.some(present => isSameRoute(route, present))) return
      refuseRoute(links, index, route)
      links.update(index, ({ routes }) => ({ routes: [...routes, { ...route, origin: 'ours' }] }))
    },
    uses: () =>
      links
        .all()
        .flatMap(({ link: { index }, routes }) =>
          routes.map(({ table = mainTable, origin }) => ({ table, index, origin })),
        ),
    remove: (index, route) =>
      links.update(index, ({ routes }) => ({
        routes: routes.filter(present => !isSameRoute(route, present)),
      })),
  }
}

/** What the kernel checks before it takes a route. */
function refuseRoute(links: FakeLinks, index: number, route: RouteValue): void {
  const { link, addresses } = links.at(index)
  const doing = `adding route ${routeInWords(route)} by interface ${index}`
  const refuse = (errno: number) => {
    throw new KernelError(doing, { errno, syscall: 'RTM_NEWROUTE' })
  }
  if (link.admin === 'down') refuse(ENETDOWN)
  const rivals = links
    .all()
    .flatMap(other =>
      other.routes
        .filter(({ prefix, table }) => prefix === route.prefix && table === route.table)
        .map(({ origin }) => ({ origin, link: other.link })),
    )
  refuseStrangers(rivals, index, doing)
  const source = route.source
  if (source !== undefined && !addresses.some(({ cidr }) => cidr.startsWith(`${source}/`))) refuse(EINVAL)
}

function neighbourVerbs(links: FakeLinks): NeighbourVerbs {
  const without = (index: number, address: string) =>
    links.at(index).neighbours.filter(entry => entry.address !== decodeIp(encodeIp(address)))
  return {
    list: index => links.at(index).neighbours,
    add(index, { address, mac }) {
      const entry = { address: decodeIp(encodeIp(address)), mac: mac.toLowerCase(), origin: 'ours' as const }
      const neighbours = [...without(index, address), entry]
      links.update(index, () => ({ neighbours }))
    },
    remove: (index, { address }) => links.update(index, () => ({ neighbours: without(index, address) })),
    probe(index, written) {
      const address = decodeIp(encodeIp(written))
      if (links.at(index).neighbours.some(entry => entry.address === address)) return 'fixed'
      links.ask(index, address)
      return 'asked'
    },
  }
}

function ruleVerbs(rules: Rule[]): RuleVerbs {
  const at = (rule: RuleValue) => rules.findIndex(other => isSameRule(rule, other))
  return {
    list: () => [...rules],
    add(rule) {
      const from = rule.from === undefined ? {} : { from: canonicalNetwork(rule.from) }
      if (at(rule) < 0) rules.push({ ...rule, ...from, origin: 'ours' })
    },
    remove(rule) {
      const found = at(rule)
      if (found >= 0) rules.splice(found, 1)
    },
  }
}

/** The same verbs, each behind the gate. */
function gated<T extends object>(noun: string, verbs: T, gate: Gate): T {
  return new Proxy(verbs, {
    get(target, verb, receiver) {
      gate(`${noun}.${String(verb)}`)
      return Reflect.get(target, verb, receiver)
    },
  })
}

const linksOf = new WeakMap<Namespace, FakeLinks>()
const mainTable = 254
const EINVAL = 22
const ENETDOWN = 100
