import { NsmError } from '#sdk/errors.ts'
import type { Check } from './check.ts'
import { Finding } from './finding.ts'
import { type Claims, type Ground, lack } from './ground.ts'
import { Trial } from './trial.ts'

/** What came of a check. */
export interface Result {
  readonly check: string
  readonly outcome: 'pass' | 'fail' | 'skip'
  /** What is wrong, or why it was not tried; empty for a pass. */
  readonly why: string
}

/** Runs checks one after another, each on pods of its own. */
export async function* runChecks(
  checks: readonly Check[],
  ground: Ground,
  claims: Claims,
): AsyncGenerator<Result, void> {
  for (const { name: check, needs, run } of checks) {
    const missing = needs.map(need => lack(need, ground, claims)).find(reason => reason !== undefined)
    if (missing !== undefined) {
      yield { check, outcome: 'skip', why: missing }
      continue
    }
    const why = await failureOf(run, new Trial(ground, claims))
    yield why === undefined ? { check, outcome: 'pass', why: '' } : { check, outcome: 'fail', why }
  }
}

async function failureOf(run: Check['run'], trial: Trial): Promise<string | undefined> {
  await using _ended = trial
  try {
    await run(trial)
    return undefined
  } catch (thrown) {
    if (thrown instanceof Finding) return thrown.message
    const { code, message } = NsmError.from(thrown)
    return `${message} [${code}]`
  }
}
