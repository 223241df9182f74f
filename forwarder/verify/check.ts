import type { Need } from './ground.ts'
import type { Kind } from './links.ts'
import type { Trial } from './trial.ts'

/** One sentence about forwarders, and how to see whether it holds. */
export interface Check {
  /** Begins with the call or the occasion: `Request: makes …`. */
  readonly name: string
  readonly needs: readonly Need[]
  readonly run: (trial: Trial) => Promise<void>
}

/** A check that makes sense for pairs of pods and for external networks alike. */
export function forEachKind(
  name: string,
  run: (trial: Trial, kind: Kind) => Promise<void>,
  ...needs: readonly Need[]
): readonly Check[] {
  return [
    forPairs(name, trial => run(trial, 'pair'), ...needs),
    forNetworks(name, trial => run(trial, 'network'), ...needs),
  ]
}

export function forPairs(name: string, run: Check['run'], ...needs: readonly Need[]): Check {
  return { name: `pair: ${name}`, needs: ['pairs', ...needs], run }
}

export function forNetworks(name: string, run: Check['run'], ...needs: readonly Need[]): Check {
  return { name: `network: ${name}`, needs: ['network', ...needs], run }
}
