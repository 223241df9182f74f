import type { Kernel } from '#kernel/port.ts'
import { SecretKey } from '#kernel/secret-key.ts'
import { parseTag } from '#kernel/tag.ts'

/** The keys of WireGuard that this node has; none leaves this program but for the kernel. */
export interface Keys {
  /** For new tunnels: its public half is offered to other nodes. */
  readonly own: SecretKey
  /** The key of a public half; undefined when it is not of this node. */
  readonly of: (publicKey: string) => SecretKey | undefined
}

/** Of a forwarder without WireGuard. */
export const noKeys: Pick<Keys, 'of'> = { of: () => undefined }

/**
 * The keys of the devices that an earlier life made, of which the first stays the node's own, so that a restart changes
 * no tunnel; a new one when there is none. Throws KernelError.
 */
export function findKeys(kernel: Kernel): Keys {
  const found = hasWireguard(kernel) ? presentKeys(kernel) : []
  const own = found[0] ?? SecretKey.generate()
  const all = new Map([own, ...found].map(key => [key.publicKey, key]))
  return { own, of: publicKey => all.get(publicKey) }
}

function presentKeys(kernel: Kernel): readonly SecretKey[] {
  const keys: SecretKey[] = []
  // One after the other: a namespace is open until its turn is over.
  for (const next of kernel.followed()) {
    using namespace = next
    for (const { index, kind, alias } of namespace.link.list()) {
      if (kind !== 'wireguard' || parseTag(alias) === undefined) continue
      const present = namespace.link.getWireguard(index)
      if (present !== undefined) keys.push(present.key)
    }
  }
  return keys
}

/** Without it there is nothing to look for, and a start with many pods is not slowed down. */
function hasWireguard(kernel: Kernel): boolean {
  using own = kernel.openOwn()
  return own.link.supports('wireguard') === 'yes'
}
