import type { Facts } from './facts.ts'

/** `error`: something does not work. `warning`: something will surprise. `note`: worth knowing, nothing to do. */
export type Severity = 'error' | 'warning' | 'note'

/** One thing that a check found. */
export interface Finding {
  readonly severity: Severity
  /** What it is about, as `Pod default/web`; a kind in the plural for several. */
  readonly object: string
  readonly finding: string
  /** What the user can do, a command where there is one. */
  readonly remedy: string
}

/** One check. It only asks for facts; what it makes of them is a pure function beside it. */
export interface Check {
  readonly id: string
  /** What holds when nothing is found. */
  readonly what: string
  readonly find: (facts: Facts) => Promise<readonly Finding[]>
}
