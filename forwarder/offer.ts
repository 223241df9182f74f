import type { Kernel } from '#kernel/port.ts'
import { vxlanOverhead, wireguardOverhead } from '#kernel/tunnel.ts'
import { defaultUnderlay, underlayOf } from '#kernel/underlay.ts'
import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { config } from './config.ts'
import type { Keys } from './keys.ts'
import type { TunnelOffer } from './mechanisms.ts'

type Wishes = Pick<Config<typeof config>, 'tunnelIp' | 'vxlanPort'> & { readonly keys: Keys }

/**
 * How other nodes reach this one: none, with a line in the log, when the node has no way to others or its kernel no
 * tunnels, and then only pods of this node can be joined. Throws BAD_CONFIG when the configured address is not of this
 * node, and KernelError.
 */
export function offeredTunnels(
  kernel: Kernel,
  { tunnelIp, vxlanPort: port, keys }: Wishes,
  log: Log,
): readonly TunnelOffer[] {
  const underlay = tunnelIp === '' ? defaultUnderlay(kernel) : underlayOf(kernel, tunnelIp)
  if (underlay === undefined) {
    if (tunnelIp !== '') throw notOurs(tunnelIp)
    const why = 'the node has no default route; set NSM_TUNNEL_IP to reach others'
    log.info({}, `joins pods of this node only: ${why}`)
    return []
  }
  const { address, mtu } = underlay
  const { publicKey } = keys.own
  const all: readonly TunnelOffer[] = [
    { type: 'VXLAN', address, port, mtu: mtu - vxlanOverhead(address) },
    { type: 'WIREGUARD', address, publicKey, mtu: mtu - wireguardOverhead(address) },
  ]
  using own = kernel.openOwn()
  const offers = all.filter(({ type }) => own.link.supports(kinds[type]) === 'yes')
  if (offers.length === 0) {
    const why = 'the kernel has neither VXLAN nor WireGuard; load a module (modprobe vxlan)'
    log.warn({}, `joins pods of this node only: ${why}`)
  } else log.info({ offers }, 'offers tunnels to other nodes')
  return offers
}

function notOurs(tunnelIp: string): NsmError {
  return new NsmError(
    'BAD_CONFIG',
    `configuration: NSM_TUNNEL_IP="${tunnelIp}": no interface of this node has that address; take one that "ip address" shows here`,
  )
}

/** What the kernel calls them. */
const kinds = { VXLAN: 'vxlan', WIREGUARD: 'wireguard' } as const
