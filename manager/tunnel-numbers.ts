import type { Mechanism } from '#sdk/wire/gen/connection/connection_pb.ts'
import { mechanismType, parameter } from '#sdk/wire/mechanism.ts'
import type { Wired } from './request.ts'
import { Taken } from './taken.ts'

/** The largest identifier of a VXLAN network, which has 24 bits (RFC 7348 §5). */
const lastVni = 2 ** 24 - 1

/** The UDP ports of WireGuard devices, from the port that WireGuard uses by habit. */
const ports = { first: 51_820, last: 53_867 } as const

/** Numbers that tunnels need: of VXLAN its identifier, of WireGuard the UDP port on this node. */
export interface TunnelNumbers {
  readonly vni?: number | undefined
  readonly port?: number | undefined
}

/**
 * The numbers that the tunnels of this node have.
 *
 * Linux takes a VXLAN identifier only once per UDP port in the namespace that the devices are created in, even for
 * different remotes; so it has to be free on both nodes, and is drawn at random: a scheme that divides them between pairs
 * of nodes gives out one twice as soon as there are three. A port of WireGuard is each node's own affair.
 */
export class TunnelBook {
  readonly vnis: Taken
  readonly ports: Taken

  /** Begins with those of the connections that stand. `draw` proposes VXLAN identifiers; default any at random. */
  constructor(standing: readonly Wired[], draw?: () => number) {
    this.vnis = new Taken({ name: 'VXLAN identifiers', first: 1, last: lastVni, draw })
    this.ports = new Taken({ name: 'WireGuard ports', ...ports })
    for (const wired of standing) this.keep(wired.id, numbersOf(wired))
  }

  /** Gives back all that a connection has but these. */
  keep(id: string, { vni, port }: TunnelNumbers): void {
    this.vnis.keep(id, vni)
    this.ports.keep(id, port)
  }
}

/** The numbers of the tunnel that a connection goes through, if it does. */
export function numbersOf(wired: Pick<Wired, 'crossConnect'> | undefined): TunnelNumbers {
  const { source, destination } = wired?.crossConnect ?? {}
  return {
    ...ownNumbers(source?.mechanism, parameter.dstPort),
    ...ownNumbers(destination?.mechanism, parameter.srcPort),
  }
}

/** The identifier in the parameters of a mechanism; undefined when there is none, or none that VXLAN can have. */
export function vniIn(parameters: Readonly<Record<string, string>> = {}): number | undefined {
  return numberIn(parameters[parameter.vni], { first: 1, last: lastVni })
}

/** Of the tunnel of a client on another node our end is the destination, of one of ours the source. */
function ownNumbers(mechanism: Mechanism | undefined, portKey: string): TunnelNumbers {
  switch (mechanism?.type) {
    case mechanismType.vxlan:
      return { vni: vniIn(mechanism.parameters) }
    case mechanismType.wireguard:
      return { port: numberIn(mechanism.parameters[portKey], ports) }
    default:
      return {}
  }
}

function numberIn(
  text: string | undefined,
  { first, last }: { readonly first: number; readonly last: number },
): number | undefined {
  const number = Number(text)
  return text !== undefined && /^[0-9]{1,8}$/.test(text) && number >= first && number <= last
    ? number
    : undefined
}
