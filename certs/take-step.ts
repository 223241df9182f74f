import { NsmError } from '#sdk/errors.ts'
import { type Authority, type Leaf, readFacts, readLeaf } from './facts.ts'
import { afterStep, type ChangingStep, type Held, nextAuthority } from './held.ts'
import type { Made, Order } from './make.ts'
import type { CertificateAndKey } from './pem.ts'
import type { RotationLimits } from './rotation.ts'

/** What a step needs besides the content that it changes. */
export interface StepMeans {
  readonly limits: RotationLimits
  /** What the leaf is for. */
  readonly names: readonly string[]
  /** Who makes certificates: `order` or, in a test, something quicker. */
  readonly make: (order: Order) => Promise<Made>
  /** Milliseconds since 1970; default now. */
  readonly now?: number
}

/** Makes what the step needs, and gives what the Secret holds then. */
export async function takeStep(held: Held, step: ChangingStep, means: StepMeans): Promise<Held> {
  const { authorityMs, leafMs } = means.limits
  const now = means.now ?? Date.now()
  const leaf = { lifeMs: leafMs, names: namesFor(held, step, means) }
  switch (step) {
    case 'begin': {
      const made = await means.make({ authority: { lifeMs: authorityMs }, leaf, now })
      const authority = authorityOf(made)
      return afterStep(held, step, { authority, leaf: leafOf(made, authority) })
    }
    case 'announce':
      return afterStep(held, step, {
        authority: authorityOf(await means.make({ authority: { lifeMs: authorityMs }, now })),
      })
    case 'switch':
    case 'renew': {
      const signer = step === 'switch' ? nextAuthority(held) : held.authorities[0]
      const made = await means.make({ leaf: { ...leaf, by: signerOf(signer) }, now })
      return afterStep(held, step, { leaf: leafOf(made, signer) })
    }
    case 'drop':
      break
  }
  return afterStep(held, step, {})
}

/**
 * A renewal for names that are missing keeps the others: two versions of the webhook that differ in them would otherwise
 * renew against each other. Any other leaf is for the wanted names alone.
 */
function namesFor({ leaf }: Held, step: ChangingStep, { names }: StepMeans): readonly string[] {
  const missing = names.some(name => leaf?.names.includes(name) !== true)
  return step === 'renew' && missing ? [...new Set([...names, ...(leaf?.names ?? [])])] : names
}

function signerOf(authority: Authority | undefined): CertificateAndKey {
  if (authority?.key === undefined) throw new NsmError('INTERNAL', 'certificate: nobody can sign it')
  return { certificate: authority.certificate, key: authority.key }
}

function authorityOf({ authority }: Made): Authority {
  if (authority === undefined) throw new NsmError('INTERNAL', 'certificate authority: none was made')
  return { ...readFacts(authority.certificate), key: authority.key }
}

function leafOf({ leaf }: Made, signer: Authority | undefined): Leaf {
  if (leaf === undefined || signer === undefined) throw new NsmError('INTERNAL', 'certificate: none was made')
  return readLeaf(leaf, [signer])
}
