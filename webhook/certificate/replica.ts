import { bundleOf } from '#certs/bundle.ts'
import type { Leaf } from '#certs/facts.ts'
import { type Held, phaseOf } from '#certs/held.ts'
import { order } from '#certs/order.ts'
import { mayBeForgotten, nextStep } from '#certs/rotation.ts'
import { annotate, readHeld, writeHeld } from '#certs/secret.ts'
import { replicaName, servedKey, servedValue } from '#certs/served.ts'
import { newServerClock } from '#certs/server-clock.ts'
import { readSecret, type SecretPlace, writeSecret, writtenAt } from '#certs/shared-secret.ts'
import { takeStep } from '#certs/take-step.ts'
import { watchSecret } from '#certs/watch-secret.ts'
import { newPatience } from '#kube/patience.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { newWake } from '#sdk/workspace/wake.ts'
import { type Bundle, keepBundle } from './bundle.ts'
import type { Certificate, CertificateOptions } from './options.ts'
import { endsSoon, whyNotValid } from './validity.ts'

/** What a replica needs. */
export interface ReplicaOptions extends CertificateOptions {
  readonly api: NonNullable<CertificateOptions['api']>
}

/** Bounds of the wait after a failure, in milliseconds. */
const waits = { first: 50, most: 30_000 }

/** How long saying good-bye may take, in milliseconds. */
const farewell = 5000

/**
 * One of any number of replicas that share a certificate through a Secret. Resolves when there is a certificate to serve;
 * throws when the signal aborts before.
 */
export async function openReplica(options: ReplicaOptions, signal: AbortSignal): Promise<Certificate> {
  const replica = new Replica(options, signal)
  try {
    await replica.started
    return replica
  } catch (cause) {
    await replica[Symbol.asyncDispose]()
    throw cause
  }
}

class Replica implements Certificate {
  readonly #options: ReplicaOptions
  readonly #place: SecretPlace
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #wake = newWake()
  readonly #clock = newServerClock()
  readonly #bundle: Bundle & { readonly done: Promise<void> }
  readonly #first = Promise.withResolvers<void>()
  readonly #done: Promise<unknown>
  /** As it was last read or written; undefined when it may have changed since. */
  #secret: JsonObject | undefined
  /** How often the watch has told of a change. */
  #changes = 0
  #leaf: Leaf | undefined
  #told: { readonly leaf: string; readonly seen: number } | undefined
  #said = ''
  #warned = ''

  constructor(options: ReplicaOptions, signal: AbortSignal) {
    const { api, namespace, secret: name, log } = options
    this.#options = options
    this.#place = { api, namespace, name }
    this.#signal = AbortSignal.any([signal, this.#stop.signal])
    const wanted = async () => {
      const { authorities } = readHeld(await readSecret(this.#place, this.#signal))
      return authorities.length === 0 ? undefined : bundleOf(authorities)
    }
    const onChange = () => this.#wake.call()
    const remedy = `authorities come there from Secret ${namespace}/${name}, unless the log says why not`
    this.#bundle = keepBundle({ ...options, wanted, remedy, onChange }, this.#signal)
    const changed = () => {
      this.#secret = undefined
      this.#changes += 1
      this.#wake.call()
      this.#bundle.poke()
    }
    const watching = watchSecret(this.#place, changed, { signal: this.#signal, log })
    this.#done = Promise.all([this.#bundle.done, watching, this.#run()])
    this.#done.catch(() => {}) // Awaited by whoever disposes.
  }

  get started(): Promise<void> {
    return this.#first.promise
  }

  current() {
    if (this.#leaf === undefined)
      throw new NsmError('INTERNAL', 'certificate: it is asked for before there is one')
    return { cert: this.#leaf.certificate, key: this.#leaf.key }
  }

  readyReason(): string | undefined {
    const { limits } = this.#options
    if (this.#leaf === undefined) return 'there is no certificate yet'
    const { certificate } = this.#leaf
    if (this.#told?.leaf !== this.#leaf.fingerprint)
      return 'the other replicas have not been told yet which certificate is served'
    if (mayBeForgotten(this.#told.seen, Date.now(), limits))
      return 'the API server cannot be reached, so the other replicas may have dropped the authority that this one relies on'
    return whyNotValid(certificate, Date.now()) ?? this.#bundle.whyRefused(certificate)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new NsmError('CANCELLED', 'the certificate is no longer needed'))
    await this.#done
    if (this.#told !== undefined) await this.#leave(AbortSignal.timeout(farewell))
  }

  async #run(): Promise<void> {
    const { log, everyMs = 60_000, limits } = this.#options
    const patience = newPatience(waits)
    let troubles = 0
    let said = ''
    while (!this.#signal.aborted) {
      try {
        const result = await this.#round()
        troubles = 0
        said = ''
        patience.succeeded()
        if (result === 'again') continue
        // Nothing happens when an announced authority has been trusted for long enough: look.
        const often = result === 'announced' ? Math.min(everyMs, limits.propagationMs / 4) : everyMs
        // Not all at the same moment: all would make what one is needed for.
        await this.#wake.wait(often * (0.75 + Math.random() / 2), this.#signal)
      } catch (thrown) {
        if (this.#signal.aborted) break
        this.#secret = undefined
        const error = NsmError.from(thrown)
        troubles += 1
        const isUsual = error.code === 'CONFLICT' && troubles < 5
        const level = isUsual || error.message === said ? 'debug' : 'warn'
        log[level]({ err: error }, 'keeping the shared certificate failed; it is tried again')
        if (!isUsual) said = error.message
        await pause(patience.failed(thrown), this.#signal)
      }
    }
    this.#first.reject(NsmError.from(this.#signal.reason, 'CANCELLED'))
  }

  /** Looks once, and takes at most one step: serve, tell, or change what is shared. */
  async #round(): Promise<'again' | 'idle' | 'announced'> {
    const secret = this.#secret ?? (await this.#keep(readSecret(this.#place, this.#signal)))
    const held = readHeld(secret)
    this.#serve(held)
    this.#warn()
    if (await this.#tell(secret)) return 'again'
    const decision = this.#decide(held)
    if (decision.step === 'wait') {
      this.#say(decision.reason)
      return phaseOf(held) === 'announced' ? 'announced' : 'idle'
    }
    if (decision.step === 'switch') {
      // The watch may lag behind: what is about to be relied on is looked at.
      await this.#bundle.refresh()
      if (this.#decide(held).step !== 'switch') return 'announced'
    }
    const { limits, names, log, make = order } = this.#options
    const means = { limits, names, make: (what: Parameters<typeof make>[0]) => make(what, this.#signal) }
    const after = await takeStep(held, decision.step, means)
    await this.#keep(writeSecret(this.#place, writeHeld(secret, after), this.#signal))
    log.info(
      { step: decision.step, reason: decision.reason, leaf: after.leaf?.fingerprint },
      'the shared certificate goes on',
    )
    this.#bundle.poke()
    return 'again'
  }

  /** Remembers the answer, unless the watch told of a change while it was awaited: that may be a later one. */
  async #keep(answer: Promise<JsonObject>): Promise<JsonObject> {
    const changes = this.#changes
    const secret = await answer
    this.#secret = this.#changes === changes ? secret : undefined
    return secret
  }

  #decide(held: Held) {
    const { names, limits } = this.#options
    const observed = {
      now: Date.now(),
      clock: this.#clock.state(),
      bundleMs: this.#bundle.trustedFor(held.authorities),
      names,
    }
    return nextStep(held, observed, limits)
  }

  #serve({ leaf }: Held): void {
    if (leaf?.authority === undefined || leaf.fingerprint === this.#leaf?.fingerprint) return
    this.#options.use({ cert: leaf.certificate, key: leaf.key })
    this.#leaf = leaf
    this.#options.log.info(
      { leaf: leaf.fingerprint, until: new Date(leaf.notAfter).toISOString() },
      'serving a new certificate',
    )
    this.#first.resolve()
  }

  /** Says in the Secret what is served, when that or the hour has changed, or when the clocks must be compared. */
  async #tell(secret: JsonObject): Promise<boolean> {
    const { replica, limits } = this.#options
    const now = Date.now()
    const compare = this.#clock.look()
    if (this.#leaf === undefined) return false
    const same = this.#told?.leaf === this.#leaf.fingerprint
    const mine = readHeld(secret).served.find(one => one.replica === replicaName(replica))
    const fresh = same && mine?.leaf === this.#leaf.fingerprint && now - mine.seen < limits.beatMs
    if (fresh && now >= mine.seen && !compare) return false
    // The time of the comparison must differ from the last one: the API server does not date what stays the same.
    const value = servedValue(this.#leaf, now, compare ? 1 : limits.beatMs)
    const { fingerprint } = this.#leaf
    const body = annotate(secret, servedKey(replica), value)
    const written = await this.#keep(writeSecret(this.#place, body, this.#signal))
    this.#told = { leaf: fingerprint, seen: now }
    this.#clock.compare(writtenAt(written), now)
    return true
  }

  async #leave(signal: AbortSignal): Promise<void> {
    const { replica, log } = this.#options
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const secret = await readSecret(this.#place, signal)
        await writeSecret(this.#place, annotate(secret, servedKey(replica), undefined), signal)
        return
      } catch (thrown) {
        const error = NsmError.from(thrown)
        if (error.code !== 'CONFLICT') {
          log.warn(
            { err: error },
            'the other replicas could not be told that this one ends; they notice within three hours',
          )
          return
        }
        await pause(backoff(attempt, { first: 20, most: 500 }), signal)
      }
    }
  }

  /** What ends soon should have been renewed long ago. */
  #warn(): void {
    if (this.#leaf === undefined || this.#warned === this.#leaf.fingerprint) return
    if (!endsSoon(this.#leaf.certificate, Date.now())) return
    this.#warned = this.#leaf.fingerprint
    const until = new Date(this.#leaf.notAfter).toISOString()
    this.#options.log.warn({ until, reason: this.#said }, 'the certificate ends soon and is not renewed')
  }

  #say(reason: string): void {
    if (reason === this.#said) return
    this.#said = reason
    this.#options.log.debug({ reason }, 'the shared certificate waits')
  }
}
