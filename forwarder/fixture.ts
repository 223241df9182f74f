import type { NetnsName } from '#kernel/link-plan.ts'
import type { Kernel, Link, LinkChange } from '#kernel/port.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { silent } from '#sdk/log.ts'
import { type Channel, dial } from '#sdk/rpc/dial.ts'
import type { Client } from '#sdk/rpc/types.ts'
import { type CrossConnectEvent, MonitorCrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { Forwarder, MechanismsMonitor } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { type RunningForwarder, startForwarder } from './forwarder.ts'

/** A kernel, and pods that start and end. */
export interface ForwarderHarness extends AsyncDisposable {
  readonly kernel: Kernel
  addNetns(): NetnsName
  removeNetns(netns: NetnsName): void
}

type LinkFacts = Pick<Link, 'index' | 'name' | 'alias' | 'mac' | 'mtu'> & {
  readonly peer: number | undefined
}

/** A forwarder that serves a socket, and what a test asks of it and of the kernel. */
export interface Fixture extends AsyncDisposable {
  readonly harness: ForwarderHarness
  readonly forwarder: Client<typeof Forwarder>
  readonly monitor: Client<typeof MonitorCrossConnect>
  readonly mechanisms: Client<typeof MechanismsMonitor>
  /** The next event of a monitor that begins with the first call. */
  nextEvent(): Promise<CrossConnectEvent>
  /** Ends the forwarder and starts another over the same kernel; the monitor begins anew. */
  restart(): Promise<void>
  /** The interfaces of ours, without what traffic changes. */
  linksIn(netns: NetnsName): readonly LinkFacts[]
  interfacesIn(netns: NetnsName): readonly { readonly name: string; readonly addresses: readonly string[] }[]
  deleteLink(netns: NetnsName, name: string): Promise<void>
  changeLink(netns: NetnsName, name: string, change: LinkChange): void
}

export async function newFixture(harness: ForwarderHarness): Promise<Fixture> {
  const owned = new AsyncDisposableStack()
  owned.use(harness)
  const folder = owned.use(temporaryFolder())
  const address = `unix://${folder.path}/forwarder.sock` as const
  const start = () =>
    startForwarder({ kernel: harness.kernel, address, peerOf: () => undefined, log: silent })
  let running: RunningForwarder = await start()
  let channel: Channel = dial(address)
  let events: AsyncIterator<CrossConnectEvent> | undefined
  owned.defer(() => running[Symbol.asyncDispose]())
  owned.defer(() => channel[Symbol.asyncDispose]())

  function linksIn(netns: NetnsName): readonly LinkFacts[] {
    using namespace = harness.kernel.open(netns)
    return namespace.link
      .list()
      .filter(({ kind }) => kind === 'veth')
      .map(({ index, name, alias, mac, mtu, peer }) => ({ index, name, alias, mac, mtu, peer }))
      .toSorted((a, b) => a.name.localeCompare(b.name))
  }

  return {
    harness,
    get forwarder() {
      return channel.client(Forwarder)
    },
    get monitor() {
      return channel.client(MonitorCrossConnect)
    },
    get mechanisms() {
      return channel.client(MechanismsMonitor)
    },
    async nextEvent() {
      events ??= channel.client(MonitorCrossConnect).monitorCrossConnects({})[Symbol.asyncIterator]()
      const { value, done } = await events.next()
      if (done === true) throw new Error('the monitor ended')
      return value
    },
    async restart() {
      await channel[Symbol.asyncDispose]()
      await running[Symbol.asyncDispose]()
      events = undefined
      running = await start()
      channel = dial(address)
    },
    linksIn,
    interfacesIn(netns) {
      using namespace = harness.kernel.open(netns)
      return linksIn(netns).map(({ name, index }) => ({
        name,
        addresses: namespace.addr
          .list(index)
          .filter(({ origin }) => origin === 'ours')
          .map(({ cidr }) => cidr),
      }))
    },
    async deleteLink(netns, name) {
      using namespace = harness.kernel.open(netns)
      const link = namespace.link.get(name)
      if (link !== undefined) await namespace.link.remove(link.index)
    },
    changeLink(netns, name, change) {
      using namespace = harness.kernel.open(netns)
      const link = namespace.link.get(name)
      if (link !== undefined) namespace.link.set(link.index, change)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
