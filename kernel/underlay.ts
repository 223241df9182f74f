/** The network between nodes, as tunnels see it. */
import { isKernelError } from './errors.ts'
import type { Kernel } from './port.ts'

/** An address of this node and the largest packet that its interface takes, in bytes. */
export interface Underlay {
  readonly address: string
  readonly mtu: number
}

/** The underlay of an address; undefined when no interface of this node has it. Throws KernelError. */
export function underlayOf(kernel: Kernel, address: string): Underlay | undefined {
  using own = kernel.openOwn()
  const entry = own.addr.listAll().find(({ cidr }) => cidr.startsWith(`${address}/`))
  const link = own.link.list().find(({ index }) => index === entry?.index)
  return link === undefined ? undefined : { address, mtu: link.mtu }
}

/** The underlay of the default route, IPv4 before IPv6; undefined when there is none. Throws KernelError. */
export function defaultUnderlay(kernel: Kernel): Underlay | undefined {
  using own = kernel.openOwn()
  for (const elsewhere of farAddresses) {
    try {
      const { source, mtu } = own.route.lookup(elsewhere)
      if (source !== undefined) return { address: source, mtu }
    } catch (cause) {
      if (!isKernelError(cause, ...unreachable)) throw cause
    }
  }
  return undefined
}

/** What the kernel says when it has no route, or one that says no. */
const unreachable = ['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL']

/** Of documentation (RFC 5737, RFC 3849): nobody has a route to them but the default one, and nothing is sent. */
const farAddresses = ['192.0.2.1', '2001:db8::1']
