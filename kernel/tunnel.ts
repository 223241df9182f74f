import { KernelError } from './errors.ts'
import type { VxlanTunnel } from './link-plan.ts'
import type { Namespace } from './port.ts'

/** Whether a device that is there is the tunnel that is wanted. */
export function isSameTunnel(a: VxlanTunnel, b: VxlanTunnel): boolean {
  return a.vni === b.vni && a.local === b.local && a.remote === b.remote && a.port === b.port
}

/** `for VNI 5 from 192.0.2.1 to 192.0.2.2, UDP port 14789` */
export function tunnelInWords({ vni, local, remote, port }: VxlanTunnel): string {
  return `for VNI ${vni} from ${local} to ${remote}, UDP port ${port}`
}

/** What a tunnel adds to each packet, in bytes: outer IP, UDP 8, VXLAN 8, inner Ethernet 14. */
export function vxlanOverhead(local: string): number {
  return local.includes(':') ? 70 : 50
}

/** As for VXLAN, of WireGuard: outer IP, UDP 8, header 16, tag 16. */
export function wireguardOverhead(local: string): number {
  return local.includes(':') ? 80 : 60
}

/** What decides on the way of a tunnel. */
export interface TunnelEnds {
  readonly local: string
  readonly remote: string
  /** Bytes that it adds to each packet. */
  readonly overhead: number
}

/** Whether a tunnel has a way to the other node, and the largest packet that it carries, in bytes. */
export type TunnelPath = { readonly mtu: number } | { readonly refusal: KernelError }

/** Looks for the way of a tunnel from the namespace of the node; it may be another one than yesterday. Throws KernelError. */
export function tunnelPath(own: Namespace, { local, remote, overhead }: TunnelEnds): TunnelPath {
  try {
    return { mtu: own.route.lookup(remote, local).mtu - overhead }
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause
    const refusal = new KernelError(
      `making a tunnel from ${local} to ${remote}: this node has no route there from that address`,
      cause,
      { cause },
    )
    return { refusal }
  }
}

/**
 * The refusal of a second VXLAN device with one VNI and port on one node, EADDRINUSE, which `toNsmError` turns into
 * VNI_IN_USE: Linux compares neither remotes nor the namespaces of the devices.
 */
export function vniInUse(doing: string, cause?: unknown): KernelError {
  return new KernelError(
    `${doing}: another VXLAN device of this node has that VNI on that port; propose another VNI`,
    { errno: EADDRINUSE, syscall: 'RTM_NEWLINK' },
    { cause },
  )
}

const EADDRINUSE = 98
