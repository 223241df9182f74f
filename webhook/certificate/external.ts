import { isSilent, newPatience } from '#kube/patience.ts'
import { NsmError } from '#sdk/errors.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { newWake } from '#sdk/workspace/wake.ts'
import { type Bundle, keepBundle } from './bundle.ts'
import type { KeyPair } from './key-pair.ts'
import type { Certificate, CertificateOptions } from './options.ts'
import { stillTrusted } from './still-trusted.ts'
import { endsSoon, whyNotValid } from './validity.ts'

/** What others give us. */
export interface Given {
  readonly keyPair: KeyPair
  /** Authorities to publish, PEM; undefined leaves the webhook configuration alone. */
  readonly authorities: string | undefined
}

/** Where it comes from. */
export interface ExternalSource {
  /** What it is, for logs. */
  readonly name: string
  /** Reads it whole. Throws NsmError when something is missing or does not fit together. */
  read(signal: AbortSignal): Promise<Given>
  /** Calls back when it may have changed, until the signal aborts. */
  follow(changed: () => void, signal: AbortSignal): Promise<void>
  /** How the user has its authorities published, as advice. */
  readonly remedy: string
  /** What to do when the first read fails. */
  readonly atFirst: 'fail' | 'retry'
}

/** Bounds of the wait before a source is read again that does not answer, in milliseconds. */
const waits = { first: 500, most: 60_000 }

/** After new authorities were given, those that were live stay trusted for so long, in milliseconds: replicas read at different times. */
const grace = 600_000

/**
 * Serves what others make, and follows it. With an API server, a new certificate waits until the API servers trust it,
 * unless they do not trust the one in use either, whoever publishes its authorities.
 */
export async function openExternal(
  source: ExternalSource,
  options: CertificateOptions,
  signal: AbortSignal,
): Promise<Certificate> {
  const { api, log, limits, use, everyMs = 60_000 } = options
  const stop = new AbortController()
  const until = AbortSignal.any([signal, stop.signal])
  const first = await firstOf(source, options, until)
  const wake = newWake()
  let { keyPair, authorities } = first
  let changedAt = -grace
  let warned = ''
  use(keyPair)

  const wanted = async (): Promise<string | undefined> => {
    // Others publish, until a round finds authorities.
    if (authorities === undefined) return undefined
    const { authorities: now } = await source.read(until)
    return now !== undefined && performance.now() - changedAt < grace
      ? stillTrusted(now, bundle?.live() ?? '', Date.now())
      : now
  }
  const onChange = () => wake.call()
  const bundle: (Bundle & { readonly done: Promise<void> }) | undefined =
    api === undefined
      ? undefined
      : keepBundle({ ...options, api, wanted, remedy: source.remedy, onChange }, until)

  const mayUse = (given: Given): boolean => {
    if (bundle === undefined) return true
    const inUse = whyNotValid(keyPair.cert, Date.now()) ?? bundle.whyRefused(keyPair.cert)
    return inUse !== undefined || bundle.trustsChainFor(given.keyPair.cert) >= limits.propagationMs
  }

  const take = (given: Given): 'done' | 'waiting' => {
    if (given.authorities !== authorities) {
      authorities = given.authorities
      changedAt = performance.now()
      bundle?.poke()
    }
    if (warned !== keyPair.cert && endsSoon(keyPair.cert, Date.now())) {
      warned = keyPair.cert
      log.warn({ source: source.name }, 'the certificate ends soon and has not been replaced')
    }
    if (given.keyPair.cert === keyPair.cert && given.keyPair.key === keyPair.key) return 'done'
    if (!mayUse(given)) return 'waiting'
    use(given.keyPair)
    keyPair = given.keyPair
    log.info({ source: source.name }, 'the certificate was replaced')
    return 'done'
  }

  const run = async (): Promise<void> => {
    const patience = newPatience(waits)
    let said = ''
    while (!until.aborted) {
      const reading = await tryRead(source, until)
      if (until.aborted) return
      let wait = everyMs
      if (reading.given !== undefined) {
        if (take(reading.given) === 'waiting') wait = limits.propagationMs / 4
        patience.succeeded()
        said = ''
      } else {
        const { failure } = reading
        if (isSilent(failure)) wait = patience.failed(failure)
        const level = failure.message === said ? 'debug' : 'warn'
        log[level]({ err: failure }, 'the new certificate is not usable; the old one stays')
        said = failure.message
      }
      await wake.wait(Math.min(everyMs, wait), until)
    }
  }
  const done = Promise.all([run(), source.follow(() => wake.call(), until), bundle?.done])
  done.catch(() => {}) // Awaited by whoever disposes.

  return {
    current: () => keyPair,
    readyReason: () => whyNotValid(keyPair.cert, Date.now()) ?? bundle?.whyRefused(keyPair.cert),
    async [Symbol.asyncDispose]() {
      stop.abort(new NsmError('CANCELLED', 'the certificate is no longer needed'))
      await done
    },
  }
}

async function firstOf(
  source: ExternalSource,
  { log }: CertificateOptions,
  signal: AbortSignal,
): Promise<Given> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await source.read(signal)
    } catch (thrown) {
      if (source.atFirst === 'fail' || signal.aborted) throw thrown
      log.warn({ err: NsmError.from(thrown) }, 'there is no certificate yet; it is tried again')
      await pause(backoff(attempt, { first: 200, most: 5000 }), signal)
    }
  }
}

type Reading = { readonly given: Given } | { readonly given?: undefined; readonly failure: NsmError }

async function tryRead(source: ExternalSource, signal: AbortSignal): Promise<Reading> {
  try {
    return { given: await source.read(signal) }
  } catch (thrown) {
    return { failure: NsmError.from(thrown) }
  }
}
