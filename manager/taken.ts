import { randomInt } from 'node:crypto'
import { NsmError } from '#sdk/errors.ts'

/** Numbers that connections of this node can have, each only one of them. */
export interface Range {
  /** For messages. */
  readonly name: string
  readonly first: number
  readonly last: number
  /** Where to look first; default anywhere in the range. */
  readonly draw?: (() => number) | undefined
}

/** Which numbers of a range are taken, and by which connections. */
export class Taken {
  readonly #range: Range
  readonly #owners = new Map<number, string>()
  readonly #numbers = new Map<string, Set<number>>()

  constructor(range: Range) {
    this.#range = range
  }

  /** Takes a number for a connection; `taken` when another connection has it. */
  claim(id: string, number: number): 'claimed' | 'taken' {
    const owner = this.#owners.get(number)
    if (owner !== undefined && owner !== id) return 'taken'
    this.#owners.set(number, id)
    this.#numbers.set(id, (this.#numbers.get(id) ?? new Set()).add(number))
    return 'claimed'
  }

  /** Takes a number that no connection has. ENDPOINT_REFUSED when there is none. */
  propose(id: string): number {
    const { name, first, last, draw = () => randomInt(first, last + 1) } = this.#range
    const [start, size] = [draw() - first, last - first + 1]
    for (let step = 0; step < size; step += 1) {
      const number = first + ((start + step) % size)
      if (!this.#owners.has(number) && this.claim(id, number) === 'claimed') return number
    }
    throw new NsmError('ENDPOINT_REFUSED', `all ${size} numbers of ${name} are in use on this node`)
  }

  /** Gives back all that a connection has but one, which it takes if it is free. */
  keep(id: string, kept: number | undefined): void {
    for (const number of this.#numbers.get(id) ?? []) if (number !== kept) this.#owners.delete(number)
    this.#numbers.delete(id)
    if (kept !== undefined) this.claim(id, kept)
  }

  /** The numbers in use. */
  used(): readonly number[] {
    return [...this.#owners.keys()]
  }
}
