import type { Held } from '#certs/held.ts'
import { madeAt } from '#certs/made-at.ts'
import { type Decision, nextStep, type Observed, type RotationLimits } from '#certs/rotation.ts'

/** What is seen besides the authority: since when the ConfigMap says what is trusted, by the clock of who wrote it; undefined: it does not. */
export interface Seen extends Omit<Observed, 'bundleMs'> {
  readonly publishedAt: number | undefined
}

/**
 * What to do next about the shared authority: as `nextStep` says, with two differences that managers make. They learn whom to
 * trust when they enrol, so a new authority signs only when every certificate that is valid was given together with it;
 * and an old one is trusted until nothing that it signed is valid. Both take the life of a certificate and
 * `propagationMs`, counted from times that the certificates themselves tell, so that it matters to nobody which
 * replica looks, or for how long there was none.
 *
 * | nextStep | since | waits for |
 * |---|---|---|
 * | switch | the new authority was made, and the ConfigMap written | the life of a certificate |
 * | drop | the certificate of the issuer was made by the new authority | the life of a certificate |
 * | any other | – | nothing |
 */
export function nextOfIssuer(held: Held, seen: Seen, limits: IssuerLimits): Decision {
  const { now, publishedAt } = seen
  const settledMs = limits.certificateMs + limits.propagationMs
  const since = Math.max(publishedAt ?? 0, ...held.authorities.map(madeAt))
  const decision = nextStep(
    held,
    { ...seen, bundleMs: publishedAt === undefined ? undefined : now - since },
    { ...limits, propagationMs: settledMs },
  )
  if (decision.step !== 'drop' || held.leaf === undefined) return decision
  return now - madeAt(held.leaf) >= settledMs
    ? decision
    : { step: 'wait', reason: 'what the old authority has signed may still be valid' }
}

/** The limits of the rotation, and the life of what the authority signs for managers, in milliseconds. */
export interface IssuerLimits extends RotationLimits {
  readonly certificateMs: number
}
