import type { Check, Finding } from './check.ts'
import type { Clock } from './read-clock.ts'

/** Whether this machine and the API server agree about the time. */
export const clock: Check = {
  id: 'clock',
  what: 'the clocks of this machine and of the API server agree',
  find: async facts => judgeClock(await facts.clock()),
}

/** Seconds that clocks may differ by. */
const tolerance = 5

/** Judges the clocks. The server tells whole seconds, so it may be up to one second further than it says. */
export function judgeClock({ before, server, after }: Clock): readonly Finding[] {
  const behind = (before - (server + 999)) / 1_000
  const ahead = (server - after) / 1_000
  const difference = Math.max(behind, ahead)
  if (difference <= tolerance) return []
  return [
    {
      severity: 'warning',
      object: 'API server',
      finding: `its clock is about ${Math.round(difference)} s ${ahead > behind ? 'ahead of' : 'behind'} the one here: certificates may look not yet valid, or expired`,
      remedy: 'run a time service (chrony, systemd-timesyncd) on all machines',
    },
  ]
}
