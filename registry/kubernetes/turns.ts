/** Runs one thing after another. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs when all that was asked for before has ended; fails as the work does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined) // whoever asked for it hears of the failure
    return turn
  }
}
