/**
 * Which nodes' managers live, by the Leases that one watch tells of. No clock is read: an own renewal that the watch
 * tells is the unit of time, so neither an API server that is away, nor a watch with a gap, nor a process that was
 * stopped, nor clocks that differ make anybody look dead.
 */
export class Liveness {
  readonly #limit: number
  #beat = 0
  readonly #heard = new Map<string, number>()

  /** `limit`: own renewals after which a manager that renewed nothing is dead. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** A manager gave a sign. */
  heard(node: string): 'revived' | 'living' {
    const result = this.isDead(node) ? 'revived' : 'living'
    this.#heard.set(node, this.#beat)
    return result
  }

  /** There is a manager of this node; it has time to give a sign. */
  expect(node: string): void {
    if (!this.#heard.has(node)) this.#heard.set(node, this.#beat)
  }

  /** The own renewal was told. Gives the nodes whose managers are dead from now on. */
  beat(): readonly string[] {
    this.#beat += 1
    return [...this.#heard].filter(([, at]) => this.#beat - at === this.#limit).map(([node]) => node)
  }

  /** A node is gone for good. */
  forget(node: string): void {
    this.#heard.delete(node)
  }

  isDead(node: string): boolean {
    return this.#beat - (this.#heard.get(node) ?? this.#beat) >= this.#limit
  }
}
