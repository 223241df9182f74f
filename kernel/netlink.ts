import { addressVerbs } from './addr.ts'
import { watchAnswers } from './answers.ts'
import { KernelError } from './errors.ts'
import { watchEvents } from './events.ts'
import { followedNetns } from './followed.ts'
import { linkVerbs } from './link.ts'
import type { NetnsName } from './link-plan.ts'
import { neighbourVerbs } from './neigh.ts'
import { assertNotOwn, nodeNetns, type OpenNetns } from './netns.ts'
import { Nsids } from './nsid.ts'
import type { Place } from './place.ts'
import type { Kernel, Namespace } from './port.ts'
import { openNetnsBy } from './resolve.ts'
import { routeVerbs } from './route.ts'
import { ruleVerbs } from './rule.ts'
import { type NetnsSocket, openNetnsSocket, openSocketIn, type Sent } from './socket.ts'

/** How the real kernel is used; all of it optional. */
export interface NetlinkOptions {
  /** A writable procfs for sysctls, default `/proc`; in an ordinary pod that is read-only, so mount the host's. */
  readonly proc?: string
  /** Bytes of events that may wait, see `WatchOptions`. */
  readonly receiveBuffer?: number
  /** Called before each request to the kernel, with its name. */
  readonly sent?: Sent
}

/** The kernel of this machine. Needs NET_ADMIN and SYS_ADMIN over the namespaces, and NET_BROADCAST for `events`. */
export function netlinkKernel(options: NetlinkOptions = {}): Kernel {
  const { proc = '/proc', receiveBuffer, sent } = options
  const watching = receiveBuffer === undefined ? {} : { receiveBuffer }
  const nsids = new Nsids(sent)
  const open = new WeakMap<Namespace, OpenNetns>()

  function netnsOf(namespace: Namespace): OpenNetns {
    const netns = open.get(namespace)
    if (netns !== undefined) return netns
    const doing = `using network namespace ${namespace.netns.cookie}, which this kernel did not open`
    throw new KernelError(doing, { errno: EBADF, syscall: 'open' })
  }

  const fdOf = (namespace: Namespace) => netnsOf(namespace).fd

  function namespaceOf(netns: (OpenNetns | NetnsSocket) & Pick<NetnsName, 'pidHint'>): Namespace {
    const namespace = openNamespace(netns, { proc, fdOf, sent })
    open.set(namespace, netns)
    return namespace
  }

  return {
    open(name) {
      assertNotOwn(name)
      return namespaceOf(openNetnsBy(name, path => openNetnsSocket(path, sent)))
    },
    openOwn: () => namespaceOf(openNetnsSocket(nodeNetns().path, sent)),
    follow: namespace => nsids.assign(netnsOf(namespace)),
    *followed() {
      for (const netns of followedNetns(nsids)) yield namespaceOf(netns)
    },
    events: signal => watchEvents(nsids, signal, watching),
    answers: signal => watchAnswers(nsids, signal, watching),
    [Symbol.dispose]: () => nsids[Symbol.dispose](),
  }
}

function openNamespace(
  netns: (OpenNetns | NetnsSocket) & Pick<NetnsName, 'pidHint'>,
  around: Pick<Place, 'proc' | 'fdOf' | 'sent'>,
): Namespace {
  using undo = new DisposableStack()
  undo.use(netns)
  const socket = 'socket' in netns ? netns.socket : undo.use(openSocketIn(netns, around.sent))
  const place = { ...around, netns, socket, where: `in network namespace ${netns.cookie}` }
  const held = undo.move()
  return {
    netns: {
      cookie: netns.cookie,
      inode: netns.inode,
      ...(netns.pidHint === undefined ? {} : { pidHint: netns.pidHint }),
    },
    link: linkVerbs(place),
    addr: addressVerbs(place),
    route: routeVerbs(place),
    neigh: neighbourVerbs(place),
    rule: ruleVerbs(place),
    [Symbol.dispose]: () => held.dispose(),
  }
}

const EBADF = 9
