/** When a container is started again. */
export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

/** A pod's policy for its app containers; Kubernetes' default is Always. */
export function restartPolicyOf(text: string | undefined): RestartPolicy {
  return text === 'OnFailure' || text === 'Never' ? text : 'Always'
}

/** A pod's policy for its init containers, which are over when they have succeeded. */
export function initRestartPolicy(policy: RestartPolicy): RestartPolicy {
  return policy === 'Never' ? 'Never' : 'OnFailure'
}

/** Whether a container that ended is started again. */
export function isRestarted(policy: RestartPolicy, exitCode: number): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

/** Milliseconds before the restart of this number, counted from 0: 1, 2, 4, 8 and then 10 seconds. */
export function restartDelay(restarts: number): number {
  return Math.min(1000 * 2 ** restarts, 10_000)
}
