import { randomBytes } from 'node:crypto'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { NetnsName } from '#kernel/link-plan.ts'
import { NsmError } from '#sdk/errors.ts'
import type { CrossConnect, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { Events } from './events.ts'
import { expectSame, Finding } from './finding.ts'
import type { Claims, Ground } from './ground.ts'
import { crossConnectOf, type Kind, type Wish } from './links.ts'

/** An interface of a pod, as far as a forwarder decides. */
export interface Interface {
  readonly index: number
  readonly name: string
  readonly mac: string
  readonly mtu: number
  readonly admin: 'up' | 'down'
  /** CIDRs, without link-local ones. */
  readonly addresses: readonly string[]
}

/** One check's pods and cross connects; disposing ends them all. */
export class Trial implements AsyncDisposable {
  readonly ground: Ground
  readonly #claims: Claims
  readonly #ids = new Set<string>()
  /** The pods, and the interfaces that they had when they began. */
  readonly #pods = new Map<NetnsName, ReadonlySet<string>>()

  constructor(ground: Ground, claims: Claims) {
    this.ground = ground
    this.#claims = claims
  }

  pod(): NetnsName {
    const netns = this.ground.addPod()
    this.#pods.set(netns, new Set())
    this.#pods.set(netns, new Set(this.interfaces(netns).map(({ name }) => name)))
    return netns
  }

  /** A cross connect between new pods, unless others are given. */
  wish(kind: Kind, { id, client, endpoint, name = 'nsm0', net = 1 }: Partial<Omit<Wish, 'kind'>> = {}): Wish {
    return {
      id: id ?? `verify-${randomBytes(6).toString('hex')}`,
      kind,
      client: client ?? this.pod(),
      endpoint: endpoint ?? (kind === 'pair' ? this.pod() : unused),
      name,
      net,
    }
  }

  message(wish: Wish): CrossConnect {
    return crossConnectOf(wish, this.#claims)
  }

  /** Asks for it, looks at the answer and at the pods. Throws Finding, and NsmError when it is refused. */
  async request(wish: Wish): Promise<CrossConnect> {
    const made = await this.ask(this.message(wish))
    const { srcIpAddrs = [], dstIpAddrs = [] } = made.source?.context?.ipContext ?? {}
    if (srcIpAddrs.length === 0) throw new Finding('the answer has no address for the client (src_ip_addrs)')
    this.#expectOne(wish.client, wish.name, srcIpAddrs)
    if (wish.kind === 'pair') this.#expectOne(wish.endpoint, `${wish.name}e`, dstIpAddrs)
    return made
  }

  /** Asks for what may be malformed. */
  async ask(message: CrossConnect): Promise<CrossConnect> {
    this.#ids.add(message.id)
    return await this.ground.clients().forwarder.request(message)
  }

  async close(message: MessageInitShape<typeof CrossConnectSchema>): Promise<void> {
    await this.ground.clients().forwarder.close(message)
  }

  events(): Promise<Events> {
    return Events.of(this.ground.clients().monitor)
  }

  /** The interfaces that a pod has got since it began, by name; none when it is gone. */
  interfaces(netns: NetnsName): readonly Interface[] {
    using namespace = this.ground.kernel.open(netns)
    const first = this.#pods.get(netns)
    return namespace.link
      .list()
      .filter(({ name }) => first?.has(name) !== true)
      .map(({ index, name, mac, mtu, admin }) => ({
        index,
        name,
        mac,
        mtu,
        admin,
        addresses: namespace.addr
          .list(index)
          .map(({ cidr }) => cidr)
          .filter(cidr => !cidr.startsWith('fe80:')),
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name))
  }

  /** Throws Finding unless the pods have no interface but those that they began with. */
  expectBare(...pods: readonly NetnsName[]): void {
    const left = pods
      .filter(pod => pod !== unused)
      .flatMap(pod => this.interfaces(pod).map(({ name }) => name))
    expectSame('the interfaces that stay in the pods', left, [])
  }

  /** Throws Finding unless the forwarder refuses with one of the codes. */
  async expectRefusal(what: string, refused: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
    try {
      await refused
    } catch (thrown) {
      if (thrown instanceof Finding) throw thrown
      const { code, message } = NsmError.from(thrown)
      if (codes.length === 0 || codes.includes(code)) return
      throw new Finding(`${what}: refused with ${code} (${message}), expected ${codes.join(' or ')}`)
    }
    throw new Finding(`${what}: accepted`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#ids) await this.close({ id }).catch(() => {}) // what it cannot close, it was found guilty of
    await Promise.all([...this.#pods.keys()].map(pod => this.ground.removePod(pod)))
  }

  #expectOne(netns: NetnsName, name: string, addresses: readonly string[]): void {
    const found = this.interfaces(netns).find(candidate => candidate.name === name)
    if (found === undefined) throw new Finding(`the pod has no interface ${name} after the answer`)
    expectSame(`interface ${name} is`, found.admin, 'up')
    expectSame(`the addresses of ${name}`, found.addresses.toSorted(), addresses.toSorted())
  }
}

/** Where a network has no second pod. */
const unused: NetnsName = { cookie: 0n }
