import { bundleOf } from '#certs/bundle.ts'
import type { Leaf } from '#certs/facts.ts'
import type { Held } from '#certs/held.ts'
import type { Authorities } from '#certs/issuer-service.ts'
import type { Made, Order } from '#certs/make.ts'
import { order } from '#certs/order.ts'
import { isUsable } from '#certs/rotation.ts'
import { readHeld, writeHeld } from '#certs/secret.ts'
import { newServerClock } from '#certs/server-clock.ts'
import { readSecret, type SecretPlace, writeSecret } from '#certs/shared-secret.ts'
import { takeStep } from '#certs/take-step.ts'
import { watchSecret } from '#certs/watch-secret.ts'
import type { KubeApi } from '#kube/api.ts'
import { newPatience } from '#kube/patience.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { newWake } from '#sdk/workspace/wake.ts'
import { publishBundle, publishedAt, readBundleMap } from './bundle-map.ts'
import { type IssuerLimits, nextOfIssuer } from './next.ts'
import { serverTime } from './server-time.ts'

/** Bounds of the wait after a failure, in milliseconds. */
const waits = { first: 50, most: 10_000 }

/** What replicas share, and where. */
export interface AuthorityOptions {
  readonly api: KubeApi
  readonly namespace: string
  readonly secret: string
  readonly configMap: string
  /** What the certificate of the issuer itself is for. */
  readonly names: readonly string[]
  readonly limits: IssuerLimits
  readonly log: Log
  /** Who makes authorities; default a process of its own. */
  readonly make?: (order: Order, signal: AbortSignal) => Promise<Made>
  /** How often to look even if nothing happened, in milliseconds; default one minute. */
  readonly everyMs?: number
}

/**
 * The authority that replicas share: one Secret holds it and the certificate of the issuer, one ConfigMap says whom to trust.
 * Each replica looks by itself what is due; of two that write, the API server refuses the second.
 */
export class SharedAuthority implements AsyncDisposable {
  readonly #options: AuthorityOptions
  readonly #place: SecretPlace
  readonly #stop = new AbortController()
  readonly #wake = newWake()
  readonly #clock = newServerClock()
  readonly #done: Promise<unknown>
  #leaf: Leaf | undefined
  #refusal = 'the authority has not been read yet'

  /** Begins at once. */
  constructor(options: AuthorityOptions) {
    const { api, namespace, secret: name, log } = options
    this.#options = options
    const remedy = 'apply the manifests, which have it empty'
    this.#place = { api, namespace, name, writer: 'nsm-issuer', remedy }
    const { signal } = this.#stop
    this.#done = Promise.all([
      watchSecret(this.#place, () => this.#wake.call(), { signal, log }),
      this.#keep(signal),
    ])
    this.#done.catch(() => {}) // Awaited by whoever disposes.
  }

  /** What the issuer serves with. Throws API_UNAVAILABLE while there is none. */
  credentials(): { readonly certificate: string; readonly key: string } {
    if (this.#leaf !== undefined) return this.#leaf
    throw new NsmError('API_UNAVAILABLE', `the issuer has no certificate yet: ${this.#refusal}`)
  }

  /** Why managers could not verify this issuer now; undefined when they can. */
  readyReason(): string | undefined {
    if (this.#leaf === undefined) return this.#refusal
    return this.#leaf.notAfter > Date.now() ? undefined : `the certificate has ended: ${this.#refusal}`
  }

  /** Who signs now and who is trusted, as the Secret says at this moment: a replica that has slept signs nothing that is too old. */
  async current(signal: AbortSignal): Promise<Authorities> {
    const { authorities } = readHeld(await this.#read(signal))
    const [signer] = authorities
    if (signer?.key === undefined || signer.notAfter <= Date.now())
      throw new NsmError(
        'API_UNAVAILABLE',
        `certifying a manager: Secret ${this.#place.namespace}/${this.#place.name} has no authority that can sign; the issuer makes one as soon as it can: ${this.#refusal}`,
      )
    const { certificate, key } = signer
    return { signing: { certificate, key }, trusted: authorities.map(one => one.certificate) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new NsmError('CANCELLED', 'the authority is no longer needed'))
    await this.#done
  }

  async #read(signal: AbortSignal) {
    try {
      return await readSecret(this.#place, signal)
    } catch (thrown) {
      const error = NsmError.from(thrown)
      if (error.code === 'CANCELLED' || error.code === 'DEADLINE') throw error
      const { namespace, name } = this.#place
      throw new NsmError(
        'API_UNAVAILABLE',
        `reading the authority from Secret ${namespace}/${name}: ${error.message}`,
        { cause: error },
      )
    }
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { log, everyMs = 60_000 } = this.#options
    const patience = newPatience(waits)
    let troubles = 0
    let said = ''
    while (!signal.aborted) {
      try {
        const result = await this.#round(signal)
        troubles = 0
        said = ''
        patience.succeeded()
        // Replicas should not all make at the same moment what only one can store.
        if (result === 'idle') await this.#wake.wait(everyMs * (0.75 + Math.random() / 2), signal)
      } catch (thrown) {
        if (signal.aborted) return
        const error = NsmError.from(thrown)
        troubles += 1
        this.#refusal = error.message
        const isUsual = error.code === 'CONFLICT' && troubles < 5
        const level = isUsual || error.message === said ? 'debug' : 'warn'
        log[level]({ err: error }, 'keeping the authority failed; it is tried again')
        if (!isUsual) said = error.message
        await pause(patience.failed(thrown), signal)
      }
    }
  }

  /** Publishes what is trusted, serves, and takes at most one step. The ConfigMap is read before the Secret: see `publishBundle`. */
  async #round(signal: AbortSignal): Promise<'again' | 'idle'> {
    const { api, namespace, configMap, limits, names, log, make = order } = this.#options
    await this.#compareClocks(signal)
    const mapPlace = { api, namespace, name: configMap }
    const map = await readBundleMap(mapPlace, signal)
    const secret = await this.#read(signal)
    const held: Held = { ...readHeld(secret), served: [] }
    const bundle = bundleOf(held.authorities)
    const published = bundle === '' ? map : await publishBundle(mapPlace, { map, bundle }, signal)
    this.#serve(held)
    const seen = {
      now: Date.now(),
      clock: this.#clock.state(),
      publishedAt: publishedAt(published, bundle),
      names,
    }
    const decision = nextOfIssuer(held, seen, limits)
    this.#refusal = decision.reason
    if (decision.step === 'wait') return 'idle'
    const after = await takeStep(held, decision.step, {
      limits,
      names,
      make: what => make(named(what), signal),
    })
    await writeSecret(this.#place, writeHeld(secret, after), signal)
    log.info({ step: decision.step, reason: decision.reason }, 'the authority of the managers goes on')
    return 'again'
  }

  #serve(held: Held): void {
    const { leaf } = held
    if (leaf?.authority === undefined || leaf.fingerprint === this.#leaf?.fingerprint) return
    if (!isUsable(held, Date.now())) return
    this.#leaf = leaf
    this.#options.log.info({ until: new Date(leaf.notAfter).toISOString() }, 'serving a new certificate')
  }

  async #compareClocks(signal: AbortSignal): Promise<void> {
    if (!this.#clock.look()) return
    const before = Date.now()
    this.#clock.compare(await serverTime(this.#options.api, signal), before)
  }
}

function named(what: Order): Order {
  return what.authority === undefined ? what : { ...what, authority: { ...what.authority, name: 'nsm mesh' } }
}
