import { whyRefused } from '#certs/bundle.ts'
import type { Configuration } from '#certs/configuration.ts'

/**
 * Why an API server that goes by the configuration would refuse the chain (leaf first) now; undefined when it would not.
 * `remedy` says how authorities get into an empty `caBundle` of a configuration that is ours.
 */
export function whyUnverified(
  configuration: Configuration,
  chain: string,
  remedy: string,
): string | undefined {
  const { name, owner, entries } = configuration
  if (entries.length === 0) return `MutatingWebhookConfiguration ${name} has no webhooks`
  for (const entry of entries) {
    const advice = owner.is === 'foreign' ? 'whoever keeps it must put the authority there' : remedy
    const why = whyEntryRefuses(entry.bundle, chain, advice)
    if (why === undefined) continue
    const foreign = owner.is === 'foreign' ? `; it is not ours to change (${owner.why})` : ''
    return `MutatingWebhookConfiguration ${name}, entry ${entry.name}: ${why}${foreign}`
  }
  return undefined
}

function whyEntryRefuses(bundle: string, chain: string, advice: string): string | undefined {
  // Which roots the API server's own system has cannot be seen from here.
  if (bundle.trim() === '')
    return `clientConfig.caBundle is empty, so that API servers go by the roots of their own system; ${advice}`
  return whyRefused(chain, bundle, Date.now())
}
