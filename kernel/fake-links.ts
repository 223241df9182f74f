import { canonicalNetwork } from './codec/ip.ts'
import { KernelError } from './errors.ts'
import type { VxlanTunnel, WireguardPlan } from './link-plan.ts'
import {
  type Address,
  type Link,
  type LinkBirth,
  type LinkChange,
  type NeighbourEntry,
  ourGroup,
  type Route,
} from './port.ts'
import { tunnelInWords, vniInUse } from './tunnel.ts'

/** What the interfaces of a fake namespace tell of themselves. */
export interface FakeLinkEvents {
  readonly changed: (link: Link) => void
  readonly gone: (link: Link) => void
  readonly answered: (index: number, address: string) => void
}

/** An interface in memory. */
export interface FakeLink {
  readonly link: Link
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
  readonly neighbours: readonly NeighbourEntry[]
  readonly peer?: { readonly links: FakeLinks; readonly index: number }
  /** Where the packets of a tunnel travel. */
  readonly underlay?: FakeLinks
  readonly wireguard?: WireguardPlan
}

/** What an interface is made of besides its birth. */
type Making = Pick<FakeLink, 'peer' | 'underlay'> & Pick<Link, 'kind' | 'tunnel'>

/** The interfaces of one fake namespace. */
export class FakeLinks {
  readonly #links = new Map<number, FakeLink>()
  /** Names of the tunnels whose packets travel here. */
  readonly #tunnels = new Set<string>()
  readonly #events: FakeLinkEvents
  #last = 0

  constructor(events: FakeLinkEvents) {
    this.#events = events
    this.add({ name: 'lo', mtu: 65536 }, { kind: '' })
  }

  all(): readonly FakeLink[] {
    return [...this.#links.keys()].map(index => this.at(index))
  }

  /** As the kernel would show it. Throws KernelError ENODEV. */
  at(index: number): FakeLink {
    const found = this.#links.get(index)
    if (found === undefined) throw refused(`looking for interface ${index}`, ENODEV)
    return { ...found, link: { ...found.link, carrier: this.#carrier(found) }, routes: routesOf(found) }
  }

  /** Changes what an interface owns; one that is gone stays gone. */
  update(index: number, change: (link: FakeLink) => Partial<FakeLink>): void {
    const found = this.#links.get(index)
    if (found !== undefined) this.#links.set(index, { ...found, ...change(found) })
  }

  add({ name, mtu = 1500, mac }: LinkBirth, { kind, tunnel, peer, underlay }: Making): void {
    this.refuseTaken(name)
    const index = ++this.#last
    const link: Link = {
      index,
      name,
      alias: '',
      kind,
      mac: mac?.toLowerCase() ?? nextMac(),
      mtu,
      group: ['veth', 'vxlan', 'wireguard'].includes(kind) ? ourGroup : 0,
      master: 0,
      admin: 'down',
      carrier: 'no',
      ...(peer === undefined ? {} : { peer: peer.index }),
      ...(tunnel === undefined ? {} : { tunnel, vxlanPort: tunnel.port }),
    }
    const owned = { addresses: [], routes: [], neighbours: [] }
    const far = { ...(peer === undefined ? {} : { peer }), ...(underlay === undefined ? {} : { underlay }) }
    this.#links.set(index, { link, ...owned, ...far })
    this.#events.changed(link)
  }

  /** The indexes of both. */
  addPair(end: LinkBirth, peer: LinkBirth & { readonly links: FakeLinks }): readonly [number, number] {
    this.refuseTaken(end.name)
    peer.links.refuseTaken(peer.name)
    const index = this.#last + 1
    const other = peer.links.#last + (peer.links === this ? 2 : 1)
    this.add(end, { kind: 'veth', peer: { links: peer.links, index: other } })
    peer.links.add(peer, { kind: 'veth', peer: { links: this, index } })
    return [index, other]
  }

  /** A tunnel whose packets travel here, with its interface in `links`. */
  addTunnel({ links, ...end }: LinkBirth & { readonly links: FakeLinks }, tunnel: VxlanTunnel): void {
    links.refuseTaken(end.name)
    const name = tunnelName(tunnel)
    if (this.#tunnels.has(name)) throw vniInUse(`creating VXLAN device ${end.name} ${tunnelInWords(tunnel)}`)
    links.add(end, { kind: 'vxlan', tunnel, underlay: this })
    this.#tunnels.add(name)
  }

  set(index: number, { master, ...given }: LinkChange): void {
    const { linkLocal: _, ...change } = given
    const { link } = this.at(index)
    if (change.name !== undefined && change.name !== link.name) this.refuseTaken(change.name)
    if (change.mtu !== undefined && change.mtu < 68) throw refused(`changing interface ${index}`, EINVAL)
    if (master !== undefined && master !== 0) this.at(master)
    this.update(index, found => ({
      link: { ...found.link, ...change, master: master ?? found.link.master },
      ...(change.admin === 'down' ? { routes: [] } : {}),
    }))
    this.#tell(index)
    const { peer } = this.at(index)
    if (change.admin !== undefined && peer !== undefined) peer.links.#tell(peer.index)
  }

  /** Both ends of a pair; gone is success. */
  drop(index: number): void {
    const found = this.#links.get(index)
    if (found === undefined) return
    this.#links.delete(index)
    const { underlay, link } = found
    if (underlay !== undefined && link.tunnel !== undefined) underlay.#tunnels.delete(tunnelName(link.tunnel))
    this.#events.gone({ ...found.link, admin: 'down' })
    found.peer?.links.drop(found.peer.index)
  }

  /** Whether somebody has the address at the other end, which then answers. */
  ask(index: number, address: string): void {
    const { link, peer } = this.at(index)
    const far = link.carrier === 'yes' && peer !== undefined ? peer.links.at(peer.index).addresses : []
    if (far.some(({ cidr }) => cidr.startsWith(`${address}/`))) this.#events.answered(index, address)
  }

  refuseTaken(name: string): void {
    if ([...this.#links.values()].some(({ link }) => link.name === name))
      throw refused(`naming interface ${name}`, EEXIST)
  }

  #tell(index: number): void {
    this.#events.changed(this.at(index).link)
  }

  #carrier({ link, peer }: FakeLink): Link['carrier'] {
    const other = peer === undefined ? link : peer.links.#links.get(peer.index)?.link
    return link.admin === 'up' && other?.admin === 'up' ? 'yes' : 'no'
  }
}

/** What a node has once. */
function tunnelName({ vni, local, port }: VxlanTunnel): string {
  return `${vni} ${port} ${local.includes(':') ? 'IPv6' : 'IPv4'}`
}

/** Those that were added, and those that the kernel derives from addresses while the link is up. */
function routesOf({ link, addresses, routes }: FakeLink): readonly Route[] {
  const derived = addresses.filter(({ cidr }) => link.admin === 'up' && !isHost(cidr))
  return [...derived.map(({ cidr }) => connectedRoute(cidr)), ...routes]
}

function connectedRoute(cidr: string): Route {
  const source = cidr.includes(':') ? {} : { source: cidr.replace(/\/.*/, '') }
  return { prefix: canonicalNetwork(cidr), ...source, origin: 'kernel' }
}

function isHost(cidr: string): boolean {
  return cidr.endsWith(cidr.includes(':') ? '/128' : '/32')
}

function nextMac(): string {
  const count = (++macs).toString(16).padStart(4, '0')
  return `02:00:00:00:${count.slice(0, 2)}:${count.slice(2)}`
}

function refused(doing: string, errno: number): KernelError {
  return new KernelError(doing, { errno, syscall: 'RTM_NEWLINK' })
}

let macs = 0
const EEXIST = 17
const ENODEV = 19
const EINVAL = 22
