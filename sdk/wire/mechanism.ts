/**
 * Names of mechanisms and of their parameters: NSM v1's, with v0.2's accepted, and the three of ours that name a
 * network namespace beyond doubt.
 */

/** Where a mechanism works: within a node or between nodes (NSM v1, mechanisms/cls). */
export const mechanismClass = { local: 'LOCAL', remote: 'REMOTE' } as const

/** Mechanism types. `KERNEL_INTERFACE` is what v0.2 clients say for `KERNEL`. */
export const mechanismType = {
  kernel: 'KERNEL',
  kernelV0: 'KERNEL_INTERFACE',
  vxlan: 'VXLAN',
  wireguard: 'WIREGUARD',
  /** A network outside of the mesh, named by the parameter `network`, that a forwarder joins the other end to. Ours. */
  external: 'EXTERNAL',
} as const

/** Keys of `Mechanism.parameters`. All values are text. */
export const parameter = {
  /** Interface name, 1 to 15 bytes. */
  name: 'name',
  /** `inode://<device>/<inode>` of the network namespace (NSM v1). */
  inodeUrl: 'inodeURL',
  /** Decimal inode of the network namespace (v0.2); a hint only: inodes are reused. */
  netnsInode: 'netnsInode',
  /** Decimal SO_NETNS_COOKIE of the network namespace: unique until the machine restarts. Ours. */
  netnsCookie: 'netnsCookie',
  /** Decimal pid of a process in the namespace, where to look first. Ours. */
  netnsPid: 'netnsPid',
  srcIp: 'src_ip',
  dstIp: 'dst_ip',
  srcPort: 'src_port',
  dstPort: 'dst_port',
  vni: 'vni',
  /** Base64 of the 32 bytes of a WireGuard key. */
  srcPublicKey: 'src_public_key',
  dstPublicKey: 'dst_public_key',
  mtu: 'MTU',
  /** Name of an external network of the forwarder. Ours. */
  network: 'network',
  /** Name of the forwarder that a client wants to be attached by. Ours. */
  forwarder: 'forwarder',
} as const

/** A network namespace, named so that a reused inode number cannot deceive: the cookie decides, the rest are hints. */
export interface NetnsRef {
  readonly cookie: bigint
  readonly inode?: bigint
  readonly pidHint?: number
}

/** Writes a namespace into mechanism parameters; `netnsRefOf` reads it back. */
export function netnsParameters(netns: NetnsRef): Record<string, string> {
  return {
    [parameter.netnsCookie]: netns.cookie.toString(),
    ...(netns.inode === undefined ? {} : { [parameter.netnsInode]: netns.inode.toString() }),
    ...(netns.pidHint === undefined ? {} : { [parameter.netnsPid]: netns.pidHint.toString() }),
  }
}

/** The namespace that mechanism parameters name, or undefined when they carry no (well-formed) cookie. */
export function netnsRefOf(parameters: Readonly<Record<string, string>>): NetnsRef | undefined {
  const cookie = decimal(parameters[parameter.netnsCookie])
  if (cookie === undefined) return undefined
  const inode = netnsInodeOf(parameters)
  const pid = decimal(parameters[parameter.netnsPid])
  return {
    cookie,
    ...(inode === undefined ? {} : { inode }),
    ...(pid === undefined || pid > 4_194_304n ? {} : { pidHint: Number(pid) }),
  }
}

/** The inode of the namespace that mechanism parameters hint at: v0.2's `netnsInode`, or v1's `inode://<device>/<inode>`. */
export function netnsInodeOf(parameters: Readonly<Record<string, string>>): bigint | undefined {
  const url = /^inode:\/\/[0-9]+\/([0-9]+)$/.exec(parameters[parameter.inodeUrl] ?? '')
  return decimal(parameters[parameter.netnsInode]) ?? decimal(url?.[1])
}

function decimal(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[0-9]{1,20}$/.test(text) ? BigInt(text) : undefined
}
