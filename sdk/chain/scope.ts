/** A value and the only way to give it back. */
export interface Owned<T> {
  readonly value: T
  readonly release: () => Promise<void>
}

/** A moment in a scope's life that it can be rolled back to. */
export interface Savepoint {
  readonly size: number
}

/** What a connection owns, newest last. */
export interface Scope extends AsyncDisposable {
  /** Files what `make` acquires under `key` and returns its value, or returns what the key already owns. */
  own<T>(key: string, make: () => Promise<Owned<T>>): Promise<T>
  /** Gives one thing back; a key that owns nothing is no error. */
  release(key: string): Promise<void>
  mark(): Savepoint
  /** Gives back, newest first, all that was acquired since the savepoint. */
  rollback(to: Savepoint): Promise<void>
}
