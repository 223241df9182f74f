import { trusts } from '#certs/configuration.ts'
import { phaseOf } from '#certs/held.ts'
import { order } from '#certs/order.ts'
import { fetchConfiguration } from '#certs/published.ts'
import { usualLimits } from '#certs/rotation.ts'
import { readHeld, writeHeld } from '#certs/secret.ts'
import { readSecret, writeSecret } from '#certs/shared-secret.ts'
import { waitsFor } from '#certs/status.ts'
import { takeStep } from '#certs/take-step.ts'
import type { Context } from '#cli/context.ts'
import { NsmError } from '#sdk/errors.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { type Cluster, placeOf } from './cluster.ts'

/**
 * Announces a new authority; the replicas of the webhook do the rest. One that is announced already is followed.
 * Throws NOT_FOUND when there is nothing to rotate.
 */
export async function startRotation(cluster: Cluster, context: Context): Promise<void> {
  for (;;) {
    const secret = await readSecret(placeOf(cluster), cluster.signal)
    const held = readHeld(secret)
    const phase = phaseOf(held)
    if (phase === 'empty')
      throw new NsmError(
        'NOT_FOUND',
        `Secret ${cluster.namespace}/${cluster.secret} holds no authority that could be rotated; start the webhook with NSM_WEBHOOK_CERTIFICATE=self, or run: nsm certs init`,
      )
    if (phase !== 'stable') {
      context.note(`a rotation is under way already: ${phase}\n`)
      return
    }
    const make = (what: Parameters<typeof order>[0]) => order(what, cluster.signal)
    // An announced authority says for itself how long it lives; the replicas keep to that.
    const after = await takeStep(held, 'announce', {
      limits: usualLimits,
      names: held.leaf?.names ?? [],
      make,
    })
    try {
      await writeSecret(placeOf(cluster), writeHeld(secret, after), cluster.signal)
      context.out(
        `secret/${cluster.secret} announces authority ${after.authorities.at(-1)?.fingerprint ?? ''}\n`,
      )
      return
    } catch (thrown) {
      // Whoever was quicker may have announced one: look again.
      if (NsmError.from(thrown).code !== 'CONFLICT') throw thrown
    }
  }
}

/** Prints each phase as it comes, until the old authority is gone. Throws DEADLINE saying what it waits for. */
export async function followRotation(cluster: Cluster, waitMs: number, context: Context): Promise<void> {
  const limit = AbortSignal.timeout(waitMs)
  let said = ''
  for (;;) {
    const held = readHeld(await readSecret(placeOf(cluster), cluster.signal))
    const configuration = await fetchConfiguration(cluster.api, cluster.configuration, cluster.signal)
    const waits = waitsFor(held, Date.now(), usualLimits)
    const published = configuration !== undefined && trusts(configuration, held.authorities)
    if (waits === '') {
      context.out(
        `stable: certificate ${held.leaf?.fingerprint ?? ''} of authority ${held.authorities[0]?.fingerprint ?? ''}\n`,
      )
      return
    }
    const line = `${phaseOf(held)}: waiting for ${published ? waits : 'the webhook configuration to trust it'}`
    if (line !== said) context.note(`${line}\n`)
    said = line
    if (limit.aborted)
      throw new NsmError(
        'DEADLINE',
        `rotating the authority of ${cluster.namespace}/${cluster.secret}: after ${waitMs / 1000} s it is ${line}; look at the log of the webhook, or run: nsm certs check`,
      )
    await pause(250, AbortSignal.any([cluster.signal, limit]))
    cluster.signal.throwIfAborted()
  }
}
