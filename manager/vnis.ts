import { randomInt } from 'node:crypto'
import { parameter } from '#sdk/wire/mechanism.ts'
import type { Wired } from './request.ts'

/** One more than the largest identifier of a VXLAN network, which has 24 bits (RFC 7348 §5). */
const vniEnd = 2 ** 24

/**
 * The VXLAN identifiers that the connections of this node use. Linux takes each only once per UDP port in the namespace
 * that the devices are created in, even for different remotes; so an identifier has to be free on both nodes, and is
 * drawn at random: a scheme that divides them between pairs of nodes gives out one twice as soon as there are three.
 */
export class Vnis {
  readonly #owners = new Map<number, string>()
  readonly #draw: () => number

  /** Begins with those of the connections that stand. `draw` proposes candidates; default any at random. */
  constructor(standing: readonly Wired[], draw: () => number = () => randomInt(1, vniEnd)) {
    this.#draw = draw
    for (const wired of standing) this.keep(wired.id, vniOf(wired))
  }

  /** Takes an identifier for a connection; `taken` when another connection has it. */
  claim(id: string, vni: number): 'claimed' | 'taken' {
    const owner = this.#owners.get(vni)
    if (owner !== undefined && owner !== id) return 'taken'
    this.#owners.set(vni, id)
    return 'claimed'
  }

  /** Takes an identifier that no connection has. */
  propose(id: string): number {
    for (;;) {
      const vni = this.#draw()
      if (this.#owners.has(vni)) continue
      this.#owners.set(vni, id)
      return vni
    }
  }

  /** Gives back all that a connection has but one. */
  keep(id: string, kept: number | undefined): void {
    for (const [vni, owner] of this.#owners) if (owner === id && vni !== kept) this.#owners.delete(vni)
    if (kept !== undefined) this.#owners.set(kept, id)
  }

  /** The identifiers in use. */
  used(): readonly number[] {
    return [...this.#owners.keys()]
  }
}

/** The identifier of the tunnel that a connection goes through, if it does. */
export function vniOf({
  crossConnect: { source, destination },
}: Pick<Wired, 'crossConnect'>): number | undefined {
  return vniIn(source?.mechanism?.parameters) ?? vniIn(destination?.mechanism?.parameters)
}

/** The identifier in the parameters of a mechanism; undefined when there is none, or none that VXLAN can have. */
export function vniIn(parameters: Readonly<Record<string, string>> = {}): number | undefined {
  const text = parameters[parameter.vni] ?? ''
  const vni = Number(text)
  return /^[0-9]{1,8}$/.test(text) && vni >= 1 && vni < vniEnd ? vni : undefined
}
