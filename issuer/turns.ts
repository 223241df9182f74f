import { NsmError } from '#sdk/errors.ts'

/** How many may be served at once. */
export interface TurnLimits {
  readonly atOnce: number
  /** Of one address, those that wait included. */
  readonly perCaller: number
  readonly waiting: number
}

/** Enough for a thousand nodes that start at the same moment, and few enough for the API server. */
export const usualTurns: TurnLimits = { atOnce: 8, perCaller: 4, waiting: 2000 }

/** Work that waits for its turn. */
export interface Turns {
  /** Does the work when it is its turn. Throws API_UNAVAILABLE when too many wait, and the signal's reason. */
  run<T>(caller: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>
}

/** Nobody is served yet. */
export function newTurns(limits: TurnLimits = usualTurns): Turns {
  const callers = new Map<string, number>()
  const queue = new Set<() => void>()
  let running = 0

  const enter = async (signal: AbortSignal): Promise<void> => {
    if (running < limits.atOnce) {
      running += 1
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = () => {
      queue.delete(resolve)
      reject(NsmError.from(signal.reason, 'CANCELLED'))
    }
    queue.add(resolve)
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    await promise.finally(() => signal.removeEventListener('abort', giveUp))
  }

  /** Whoever leaves hands his place to the next, so that nobody slips in between. */
  const leave = (): void => {
    const [next] = queue
    if (next === undefined) {
      running -= 1
      return
    }
    queue.delete(next)
    next()
  }

  const count = (caller: string, by: number): void => {
    const now = (callers.get(caller) ?? 0) + by
    if (now === 0) callers.delete(caller)
    else callers.set(caller, now)
  }

  return {
    async run(caller, work, signal) {
      if ((callers.get(caller) ?? 0) >= limits.perCaller)
        throw busy(`${limits.perCaller} others from ${caller} are being served`)
      if (queue.size >= limits.waiting) throw busy(`${limits.waiting} others wait`)
      count(caller, 1)
      try {
        await enter(signal)
        try {
          return await work()
        } finally {
          leave()
        }
      } finally {
        count(caller, -1)
      }
    },
  }
}

function busy(why: string): NsmError {
  return new NsmError('API_UNAVAILABLE', `certifying a manager: the issuer is busy: ${why}; ask again`)
}
