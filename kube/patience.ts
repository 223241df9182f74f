import { NsmError } from '#sdk/errors.ts'
import { KubeApiError } from './api.ts'

/** Bounds of the wait after a failure, in milliseconds. */
export interface PatienceBounds {
  readonly first: number
  readonly most: number
}

/** How long the API server is left alone after each failure of a row. */
export interface Patience {
  /** Milliseconds to wait before it is asked again. */
  failed(thrown: unknown): number
  /** The row has ended. */
  succeeded(): void
}

/** The longest wait, in milliseconds, for a server that is not there: asking it costs nobody anything, and it may be back. */
const longestSilence = 8_000

/** Failures without an API error that are silence all the same. */
const silences: readonly string[] = ['DEADLINE', 'API_UNAVAILABLE', 'REGISTRY_UNAVAILABLE']

/**
 * Waits that double from `first`: to 8 s while nobody answers, so that an outage is noticed to be over within that time, and
 * to `most` when there is an answer, which is an error: the server may have too much to do. A random half to whole of it, and
 * what the server says besides (Retry-After). The two rows are counted apart: a server that has just come back refuses for a
 * moment, which must not cost what its absence has added up to.
 */
export function newPatience({ first, most }: PatienceBounds): Patience {
  let [silent, refused] = [0, 0]
  return {
    failed(thrown) {
      const isSilence = isSilent(thrown)
      if (isSilence) silent += 1
      else refused += 1
      const row = isSilence ? silent : refused
      const bound = isSilence ? Math.min(most, longestSilence) : most
      const wait = Math.min(bound, first * 2 ** (row - 1)) * (0.5 + Math.random() / 2)
      return wait + Math.min(most, apiErrorIn(thrown)?.retryAfterMs ?? 0)
    },
    succeeded() {
      silent = 0
      refused = 0
    },
  }
}

/** Whether a failure is that the API server gives no answer, whoever says so. */
export function isSilent(thrown: unknown): boolean {
  const status = apiErrorIn(thrown)?.status
  if (status !== undefined) return status === 0
  return thrown instanceof NsmError && silences.includes(thrown.code)
}

/** What the API server, or its silence, has to do with a failure. */
function apiErrorIn(thrown: unknown): KubeApiError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause)
    if (error instanceof KubeApiError) return error
  return undefined
}
