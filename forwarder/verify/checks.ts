/**
 * What every forwarder does, asked through its socket: docs/forwarders.md in the form of code. Each check throws a
 * Finding, or the NsmError of a call that should have succeeded.
 */
import { badInput } from './bad-input.ts'
import type { Check } from './check.ts'
import { close } from './close.ts'
import { monitor } from './monitor.ts'
import { registration } from './registration.ts'
import { request } from './request.ts'
import { restart } from './restart.ts'

export const checks: readonly Check[] = [
  ...request,
  ...badInput,
  ...close,
  ...monitor,
  ...restart,
  ...registration,
]
