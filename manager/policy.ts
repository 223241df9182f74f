import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { Caller } from './request.ts'

/** A decision and, when it is no, its reason. */
export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: string }

/** Who may use and who may offer what: the one place that decides it. */
export interface Policy {
  readonly mayRequest: (caller: Caller, service: string) => Decision
  readonly mayRegister: (pod: Pod, services: readonly string[]) => Decision
}

/** Everybody with an identity may do everything. */
export const allowAll: Policy = {
  mayRequest: () => ({ allowed: true }),
  mayRegister: () => ({ allowed: true }),
}
