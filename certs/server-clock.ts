/** A clock that differs by more than this, in milliseconds, makes certificates that others refuse: they begin five minutes ago. */
const tolerated = 4 * 60_000

/** A jump of more than this, in milliseconds, means that the machine slept or its clock was set. */
const jump = 30_000

/** What is known about this machine's clock, in comparison with the API server's. */
export interface ServerClock {
  /** `unknown` until the first comparison, and again after a jump. */
  state(): 'right' | 'unknown' | 'wrong'
  /** Compares with a moment of the API server's clock that lies between `before` and now; undefined: it did not say. */
  compare(server: number | undefined, before: number): void
  /** Notices a jump of the wall clock against the steady one since the last look. Whether the clock must be compared. */
  look(): boolean
}

/** Compared with nothing yet. */
export function newServerClock(): ServerClock {
  let state: 'right' | 'unknown' | 'wrong' = 'unknown'
  let offset = Date.now() - performance.now()
  let compared = false
  return {
    state: () => state,
    compare(server, before) {
      compared = true
      if (server === undefined) return
      // The API server's times are whole seconds.
      const ahead = Math.max(0, before - server - 1000)
      const behind = Math.max(0, server - Date.now())
      state = Math.max(ahead, behind) > tolerated ? 'wrong' : 'right'
    },
    look() {
      const moved = Date.now() - performance.now()
      if (Math.abs(moved - offset) > jump) {
        state = 'unknown'
        compared = false
      }
      offset = moved
      return !compared
    },
  }
}
