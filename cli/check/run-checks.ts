import { NsmError } from '#sdk/errors.ts'
import type { Check, Finding } from './check.ts'
import type { Facts } from './facts.ts'

/** What a check found; nothing is well. */
export interface CheckResult {
  readonly id: string
  readonly what: string
  readonly findings: readonly Finding[]
}

/**
 * Runs checks side by side. A check whose facts cannot be had is a warning of its own, and disturbs no other. Throws
 * API_UNAVAILABLE when the API server is away, CANCELLED when the signal aborts.
 */
export async function runChecks(
  checks: readonly Check[],
  facts: Facts,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  await facts.version()
  return Promise.all(
    checks.map(async ({ id, what, find }) => {
      try {
        return { id, what, findings: await find(facts) }
      } catch (thrown) {
        if (signal.aborted && NsmError.from(signal.reason).code === 'CANCELLED') throw thrown
        return { id, what, findings: [undecided(NsmError.from(thrown))] }
      }
    }),
  )
}

/** Whether something was found that somebody should do something about. */
export function isClean(results: readonly CheckResult[]): boolean {
  return results.every(({ findings }) => findings.every(({ severity }) => severity === 'note'))
}

function undecided(error: NsmError): Finding {
  return {
    severity: 'warning',
    object: '-',
    finding: `could not be checked: ${error.message}`,
    remedy:
      error.code === 'DENIED'
        ? 'use a --context that may read this'
        : `docs/errors.md#${error.code.toLowerCase()}`,
  }
}
