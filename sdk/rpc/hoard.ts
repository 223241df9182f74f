/** Bytes of unfinished messages that the callers of one server may have there together. */
const mostBytes = 64 * 1024 * 1024

/** What the callers of one server have begun to say and not finished. */
export class Hoard {
  readonly #most: number
  #bytes = 0

  /** Default: 64 MiB, four of the largest messages. */
  constructor(most = mostBytes) {
    this.#most = most
  }

  /** A place for the bytes of one stream; disposing frees it. */
  share(): Share {
    let own = 0
    const keep = (bytes: number): void => {
      this.#bytes += bytes - own
      own = bytes
    }
    return {
      keep: bytes => {
        keep(bytes)
        return this.#bytes > this.#most && bytes > 0 ? 'too many' : 'fine'
      },
      [Symbol.dispose]: () => keep(0),
    }
  }
}

/** The part of one stream. */
export interface Share extends Disposable {
  /** Says how many bytes it holds now; `too many` when all of them together are, and this one has to go. */
  keep(bytes: number): 'fine' | 'too many'
}
