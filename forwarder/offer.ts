import type { Kernel } from '#kernel/port.ts'
import { vxlanOverhead } from '#kernel/tunnel.ts'
import { defaultUnderlay, underlayOf } from '#kernel/underlay.ts'
import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { config } from './config.ts'
import type { TunnelOffer } from './mechanisms.ts'

type Wishes = Pick<Config<typeof config>, 'tunnelIp' | 'vxlanPort'>

/**
 * How other nodes reach this one: undefined, with a line in the log, when the node has no way to others or its kernel no
 * VXLAN, and then only pods of this node can be joined. Throws BAD_CONFIG when the configured address is not of this
 * node, and KernelError.
 */
export function offeredTunnel(
  kernel: Kernel,
  { tunnelIp, vxlanPort: port }: Wishes,
  log: Log,
): TunnelOffer | undefined {
  const underlay = tunnelIp === '' ? defaultUnderlay(kernel) : underlayOf(kernel, tunnelIp)
  if (underlay === undefined && tunnelIp !== '') {
    throw new NsmError(
      'BAD_CONFIG',
      `configuration: NSM_TUNNEL_IP="${tunnelIp}": no interface of this node has that address; take one that "ip address" shows here`,
    )
  }
  if (underlay === undefined) {
    log.info(
      {},
      'joins pods of this node only: the node has no default route; set NSM_TUNNEL_IP to reach others',
    )
    return undefined
  }
  using own = kernel.openOwn()
  if (own.link.supports('vxlan') === 'no') {
    log.warn({}, 'joins pods of this node only: the kernel has no VXLAN; load its module (modprobe vxlan)')
    return undefined
  }
  const { address } = underlay
  const mtu = underlay.mtu - vxlanOverhead(address)
  log.info({ address, port, mtu }, 'offers tunnels to other nodes')
  return { address, port, mtu }
}
