import { NsmError } from '#sdk/errors.ts'
import { abortable } from './abortable.ts'

/** A value and the only way to give it back. */
export interface Owned<T> {
  readonly value: T
  /** Has its own deadline in the scope and never sees the signal of a request. */
  readonly release: () => Promise<void>
}

/** A moment in a scope's life that it can be rolled back to. */
export interface Savepoint {
  /** How often the scope had been asked to own something. */
  readonly serial: number
}

/** What a connection owns, newest last. */
export interface Scope extends AsyncDisposable {
  /**
   * Files what `make` acquires under `key` and returns its value, or returns what the key already owns.
   * Fails with what `make` throws, and with CANCELLED once the scope is disposed of.
   */
  own<T>(key: string, make: () => Promise<Owned<T>>): Promise<T>
  /** Gives one thing back; a key that owns nothing is no error. */
  release(key: string): Promise<void>
  mark(): Savepoint
  /** Gives back, newest first, all that was acquired since the savepoint. */
  rollback(to: Savepoint): Promise<void>
}

/** Limits of a scope. */
export interface ScopeOptions {
  /** Milliseconds that one release may take; default 5,000. */
  readonly releaseMs?: number
}

interface Holding {
  readonly key: string
  readonly serial: number
  /** Pending while it is being acquired, so that a rollback also undoes what finishes late. */
  readonly owned: Promise<Owned<unknown>>
}

/** A scope that owns nothing yet. A release that fails or is late does not stop the others: all failures are thrown at the end. */
export function newScope(options: ScopeOptions = {}): Scope {
  return new OwningScope(options.releaseMs ?? 5000)
}

class OwningScope implements Scope {
  readonly #releaseMs: number
  #holdings: readonly Holding[] = []
  #serial = 0
  #disposed = false

  constructor(releaseMs: number) {
    this.#releaseMs = releaseMs
  }

  async own<T>(key: string, make: () => Promise<Owned<T>>): Promise<T> {
    const held = this.#holdings.find(holding => holding.key === key)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the key decides the type, and whoever reuses a key files the same kind of thing
    if (held !== undefined) return (await held.owned).value as T
    if (this.#disposed) throw new NsmError('CANCELLED', `acquiring ${key}: its connection is closed already`)
    this.#serial += 1
    const owned = make()
    const holding = { key, serial: this.#serial, owned }
    this.#holdings = [...this.#holdings, holding]
    try {
      return (await owned).value
    } catch (cause) {
      this.#holdings = this.#holdings.filter(other => other !== holding)
      throw cause
    }
  }

  release(key: string): Promise<void> {
    return this.#giveBack(holding => holding.key === key)
  }

  mark(): Savepoint {
    return { serial: this.#serial }
  }

  rollback(to: Savepoint): Promise<void> {
    return this.#giveBack(holding => holding.serial > to.serial)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    await this.#giveBack(() => true)
  }

  async #giveBack(goes: (holding: Holding) => boolean): Promise<void> {
    const going = this.#holdings.filter(goes)
    this.#holdings = this.#holdings.filter(holding => !goes(holding))
    const failures: NsmError[] = []
    for (const holding of going.toReversed()) {
      try {
        await abortable(released(holding), AbortSignal.timeout(this.#releaseMs))
      } catch (thrown) {
        const reason = NsmError.from(thrown)
        failures.push(
          new NsmError(reason.code, `releasing ${holding.key}: ${reason.message}`, { cause: thrown }),
        )
      }
    }
    const [first, ...others] = failures
    if (first === undefined) return
    if (others.length === 0) throw first
    throw new AggregateError(failures, failures.map(failure => failure.message).join('; '))
  }
}

async function released(holding: Holding): Promise<void> {
  const owned = await holding.owned.catch(() => undefined) // what could not be acquired need not be released
  await owned?.release()
}
