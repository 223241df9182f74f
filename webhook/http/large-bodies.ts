/** The large bodies that are being read or handled. */
export interface LargeBodies {
  /** Whether the request may have a large body; asking again for the same request changes nothing. */
  enter(request: object): boolean
  /** The request is done with; one that never entered is welcome too. */
  leave(request: object): void
}

/** At most so many large bodies at once: each costs memory while it comes and stops the others while it is read. */
export function newLargeBodies(most: number): LargeBodies {
  const inside = new Set<object>()
  return {
    enter(request) {
      if (inside.has(request)) return true
      if (inside.size >= most) return false
      inside.add(request)
      return true
    },
    leave(request) {
      if (inside.size > 0) inside.delete(request)
    },
  }
}
