import { fingerprintsOf, splitPem, whyRefused } from '#certs/bundle.ts'
import { type Configuration, readConfiguration } from '#certs/configuration.ts'
import type { Authority } from '#certs/facts.ts'
import { configurationsPath, publish } from '#certs/published.ts'
import { newPatience } from '#kube/patience.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { newWake } from '#sdk/workspace/wake.ts'
import type { CertificateOptions } from './options.ts'
import { whyUnverified } from './unverified.ts'

/** Bounds of the wait after a failure or a quarrel, in milliseconds. */
const waits = { first: 100, most: 30_000 }

/** A patch that follows the last one sooner than this, in milliseconds, is a quarrel: it waits longer each time. */
const quarrel = 10_000

/** What the webhook configuration trusts, and who keeps it so. */
export interface Bundle {
  /** Looks again now: what should be trusted may have changed. */
  poke(): void
  /** Reads the live configuration now, not what the watch has told of it. */
  refresh(): Promise<void>
  /** For how many milliseconds it has trusted all of these without a break; undefined: it does not. */
  trustedFor(authorities: readonly Pick<Authority, 'fingerprint'>[]): number | undefined
  /** For how many milliseconds it has trusted, without a break, an authority that the chain (leaf first) leads to; 0: it does not. */
  trustsChainFor(chain: string): number
  /** Every authority that some entry trusts, PEM. */
  live(): string
  /** Why an API server that goes by it would refuse the chain; undefined when it would not. */
  whyRefused(chain: string): string | undefined
}

/** How to keep it. */
export interface BundleOptions
  extends Pick<CertificateOptions, 'configuration' | 'log' | 'onPatched' | 'everyMs'>,
    Required<Pick<CertificateOptions, 'api'>> {
  /** What should be trusted, PEM, read where the truth is; undefined leaves the configuration alone for now. */
  readonly wanted: () => Promise<string | undefined>
  /** How authorities get into an empty `caBundle`, as advice. */
  readonly remedy: string
  /** Called when the live configuration has changed. */
  readonly onChange: () => void
}

/**
 * Keeps `caBundle` of every entry of the one configuration, until the signal aborts: follows it by a watch and repairs
 * what others overwrite. While nothing is wanted it only follows. A configuration that is not ours is left alone, which
 * is said once.
 */
export function keepBundle(
  options: BundleOptions,
  signal: AbortSignal,
): Bundle & { readonly done: Promise<void> } {
  const { api, configuration: name, log, remedy, onChange, onPatched, everyMs = 60_000 } = options
  const path = `${configurationsPath}/${encodeURIComponent(name)}`
  const wake = newWake()
  const since = new Map<string, number>()
  let known: Configuration | undefined
  /** Why it is not known: that it could not be read yet, or that there is none. */
  let missing = 'has not been read yet'
  let publishing = false
  let saidForeign = ''

  const take = (object: JsonObject | undefined): Configuration | undefined => {
    known = object === undefined ? undefined : readConfiguration(object)
    missing = 'does not exist; apply its manifest, or name another one with NSM_WEBHOOK_CONFIGURATION'
    const everywhere = trustedEverywhere(known)
    for (const fingerprint of since.keys()) if (!everywhere.includes(fingerprint)) since.delete(fingerprint)
    for (const fingerprint of everywhere)
      if (!since.has(fingerprint)) since.set(fingerprint, performance.now())
    return known
  }

  const follow = async (): Promise<void> => {
    const watched = `${configurationsPath}?fieldSelector=metadata.name%3D${encodeURIComponent(name)}`
    for await (const { type, object } of api.watch({ path: watched, signal, log })) {
      if (type === 'SYNCED') continue
      take(type === 'DELETED' ? undefined : object)
      wake.call()
      onChange()
    }
  }

  const read = async (): Promise<Configuration | undefined> => {
    try {
      return take(await api.call({ method: 'GET', path, signal }))
    } catch (thrown) {
      if (NsmError.from(thrown).code !== 'NOT_FOUND') throw thrown
      return take(undefined)
    }
  }

  /** The configuration is read before the truth: a truth that is older than the configuration could undo what another replica has published. */
  const reconcile = async (): Promise<'same' | 'ok'> => {
    publishing = false
    const configuration = await read()
    if (configuration === undefined) return 'same'
    publishing = true
    const wanted = await options.wanted()
    if (wanted === undefined) return 'same'
    const { result, object } = await publish(api, { configuration, bundle: wanted }, signal)
    if (configuration.owner.is === 'foreign' && result === 'foreign') {
      if (saidForeign !== configuration.owner.why) {
        log.warn(
          { configuration: name, why: configuration.owner.why },
          'the webhook configuration is not ours; its caBundle is left alone',
        )
        onPatched?.('foreign')
      }
      saidForeign = configuration.owner.why
      return 'same'
    }
    if (result !== 'ok') return 'same'
    take(object)
    log.info(
      { configuration: name, authorities: fingerprintsOf(wanted) },
      'the webhook configuration trusts our authorities',
    )
    onPatched?.('ok')
    onChange()
    return 'ok'
  }

  const keep = async (): Promise<void> => {
    const patience = newPatience(waits)
    let troubles = 0
    let patched = -quarrel
    let said = ''
    while (!signal.aborted) {
      try {
        const result = await reconcile()
        patience.succeeded()
        said = ''
        if (result === 'ok') {
          troubles = performance.now() - patched < quarrel ? troubles + 1 : 0
          patched = performance.now()
        } else if (performance.now() - patched >= quarrel) troubles = 0
      } catch (thrown) {
        if (signal.aborted) return
        troubles += 1
        const error = NsmError.from(thrown)
        // A test of the patch that fails is BAD_INPUT for the API server: somebody was quicker.
        const result = error.code === 'CONFLICT' || error.code === 'BAD_INPUT' ? 'conflict' : 'failed'
        if (publishing) onPatched?.(result)
        const isUsual = result === 'conflict' && troubles < 5
        const level = isUsual || error.message === said ? 'debug' : 'warn'
        if (!isUsual) said = error.message
        log[level](
          { configuration: name, err: error },
          publishing
            ? 'publishing our authorities failed; it is tried again'
            : 'reading the webhook configuration failed; it is tried again',
        )
        await pause(patience.failed(thrown), signal)
        continue
      }
      if (troubles > 1) await pause(backoff(troubles, waits), signal)
      await wake.wait(everyMs, signal)
    }
  }

  return {
    poke: () => wake.call(),
    async refresh() {
      await read()
    },
    trustedFor(authorities) {
      const times = authorities.map(({ fingerprint }) => since.get(fingerprint))
      const latest = times.reduce<number | undefined>(later, 0)
      return latest === undefined || times.length === 0 ? undefined : performance.now() - latest
    },
    trustsChainFor(chain) {
      const leading = splitPem(known?.entries[0]?.bundle ?? '')
        .filter(authority => whyRefused(chain, authority, Date.now()) === undefined)
        .flatMap(authority => fingerprintsOf(authority))
      const times = leading.flatMap(fingerprint => since.get(fingerprint) ?? [])
      return times.length === 0 ? 0 : performance.now() - Math.min(...times)
    },
    live: () => (known?.entries ?? []).map(entry => entry.bundle).join('\n'),
    whyRefused: chain =>
      known === undefined
        ? `MutatingWebhookConfiguration ${name} ${missing}`
        : whyUnverified(known, chain, remedy),
    done: Promise.all([follow(), keep()]).then(() => undefined),
  }
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : Math.max(one, other)
}

function trustedEverywhere(configuration: Configuration | undefined): readonly string[] {
  const [first, ...others] = (configuration?.entries ?? []).map(entry => fingerprintsOf(entry.bundle))
  return (first ?? []).filter(fingerprint => others.every(other => other.includes(fingerprint)))
}
