/** What a transport header says. */
export interface Transport {
  readonly protocol: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly info?: string
}

/** What comes after an IP header, by protocol number (IANA). */
export function transport(protocol: number, bytes: Buffer): Transport {
  switch (protocol) {
    case 1:
      return icmp('ICMP', bytes, icmpTypes)
    case 58:
      return icmp('ICMPv6', bytes, icmpv6Types)
    case 6:
      return { protocol: 'TCP', ...ports(bytes), ...flags(bytes) }
    case 17:
      return { protocol: 'UDP', ...ports(bytes) }
    default:
      return { protocol: `ip ${protocol}` }
  }
}

/** RFC 792, RFC 4443: type @0, code @1; of an echo identifier @4 and sequence @6. */
function icmp(protocol: string, bytes: Buffer, types: ReadonlyMap<number, string>): Transport {
  const [type, code] = bytes
  if (type === undefined || code === undefined) return { protocol, info: 'truncated' }
  const name = types.get(type)
  if (name === undefined) return { protocol, info: `type ${type} code ${code}` }
  if (!name.startsWith('echo') || bytes.length < 8)
    return { protocol, info: code === 0 ? name : `${name}, code ${code}` }
  return { protocol, info: `${name} ${bytes.readUInt16BE(4)} seq ${bytes.readUInt16BE(6)}` }
}

function ports(bytes: Buffer): Pick<Transport, 'sourcePort' | 'destinationPort' | 'info'> {
  if (bytes.length < 4) return { info: 'truncated' }
  return { sourcePort: bytes.readUInt16BE(0), destinationPort: bytes.readUInt16BE(2) }
}

/** RFC 9293: control bits @13. */
function flags(bytes: Buffer): Pick<Transport, 'info'> {
  const bits = bytes[13]
  if (bits === undefined) return { info: 'truncated' }
  const names = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'].filter((_, bit) => (bits & (1 << bit)) !== 0)
  return { info: names.join(' ') }
}

const icmpTypes: ReadonlyMap<number, string> = new Map([
  [0, 'echo reply'],
  [3, 'destination unreachable'],
  [5, 'redirect'],
  [8, 'echo request'],
  [11, 'time exceeded'],
])

const icmpv6Types: ReadonlyMap<number, string> = new Map([
  [1, 'destination unreachable'],
  [2, 'packet too big'],
  [3, 'time exceeded'],
  [128, 'echo request'],
  [129, 'echo reply'],
  [133, 'router solicitation'],
  [134, 'router advertisement'],
  [135, 'neighbour solicitation'],
  [136, 'neighbour advertisement'],
  [143, 'multicast listener report'],
])
