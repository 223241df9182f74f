import { isInjected } from '#cli/check/is-injected.ts'
import { type Trial, tryPod } from '#cli/check/try-pod.ts'
import { pause } from '#sdk/workspace/pause.ts'
import type { Target } from './apply.ts'

/** Milliseconds that API servers may take to learn that a webhook is gone, which they do by a watch of their own. */
const patience = 5000

/** Milliseconds between two pods that are tried: nobody tells what an API server has learnt. */
const interval = 100

/**
 * Waits until the API server, asked for an annotated pod by a dry run, makes it as it is. Returns as well when that cannot be
 * tried, or has not come about after five seconds.
 */
export async function untilNobodyIsInjected({ api, signal }: Target): Promise<void> {
  const end = AbortSignal.any([signal, AbortSignal.timeout(patience)])
  while (!end.aborted) {
    const trial = await tryPod({ api, signal, namespace: 'default', mode: 'init' })
    if (!isAsked(trial)) return
    await pause(interval, end)
  }
}

function isAsked(trial: Trial): boolean {
  return trial.made
    ? isInjected(trial.pod)
    : /failed calling webhook.*networkservicemesh\.io/.test(trial.words)
}
