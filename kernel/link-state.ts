import type { LinkPlan } from './link-plan.ts'

/** One end as `apply` left it. */
export interface EndState {
  /** Cookie. */
  readonly netns: bigint
  readonly index: number
  readonly name: string
  readonly mac: string
  readonly mtu: number
}

/** What `apply` found or made. */
export interface LinkState {
  readonly id: LinkPlan['id']
  /** In the order of the plan, one or two. */
  readonly ends: readonly [EndState, ...EndState[]]
  /** What was changed, in words for a log; empty when all was as planned. */
  readonly changes: readonly string[]
}
